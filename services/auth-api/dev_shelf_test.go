package main_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/servicetest"
)

func TestSampleAppLosesItsPersonWhenItIsEndedElsewhere(t *testing.T) {
	t.Parallel()
	d := dev(t, filepath.Join(t.TempDir(), ".dev"))
	printed := regexp.MustCompile(`serves on (http://\S+) [^$]*  sample app (http://\S+)\n`).FindStringSubmatch(d.out.String())
	if printed == nil {
		t.Fatalf("no sample app is named:\n%s", d.out)
	}
	authAPI, shelf := printed[1], printed[2]
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, address string) (location, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		b, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.Header.Get("Location"), string(b)
	}
	if _, page := ask("GET", shelf+"/"); !strings.Contains(page, "Sign in") {
		t.Errorf("before: %s", page)
	}
	link, _ := ask("POST", shelf+"/sign-in")
	back := servicetest.NewPerson(t, authAPI, email, "notes on the analytical engine").Visit(link)
	if location, page := ask("GET", back.String()); location != "/" {
		t.Fatalf("the app did not take the answer: %s", page)
	}
	if _, page := ask("GET", shelf+"/"); !strings.Contains(page, email) {
		t.Errorf("signed in: %s", page)
	}

	asked, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	a := &api{t: t, url: authAPI, http: http.DefaultClient}
	own, _ := a.signIn(email, "notes on the analytical engine")
	if got := a.call("DELETE", "/v1/authorizations/"+asked.Query().Get("client_id"), own, nil); got.status != 204 {
		t.Fatalf("end the app: %d %s", got.status, got.raw)
	}
	if _, page := ask("GET", shelf+"/"); !strings.Contains(page, "Signed out") || strings.Contains(page, email) {
		t.Errorf("after it was ended: %s", page)
	}
}
