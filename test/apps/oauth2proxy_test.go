//go:build apps

package apps_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

// oauth2Proxy is the version that is tried.
const oauth2Proxy = "github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6"

func TestOAuth2ProxySignsPeopleInAndLosesThem(t *testing.T) {
	bin := t.TempDir()
	run(t, ".", []string{"GOBIN=" + bin, "GOFLAGS="}, "go", "install", oauth2Proxy)
	s, page := serve(t), sectionOf(t, "oauth2-proxy")
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s in %s", r.Header.Get("X-Forwarded-Email"), r.Header.Get("X-Forwarded-Groups"))
	}))
	t.Cleanup(upstream.Close)
	address := servicetest.Address(t)
	// The configuration of the page, with the addresses of this test. It asks for new tokens every
	// second, and so learns of an end.
	at := []string{"https://app.example.org", "http://" + address, "https://auth.books.test", s.issuer, "http://127.0.0.1:3000", upstream.URL}
	id, secret := s.register(page.registers(), at...)
	command := strings.NewReplacer(append(at, "=ID", "="+id, "=SECRET", "="+secret, "oauth2-proxy --", filepath.Join(bin, "oauth2-proxy")+" --")...).Replace(page.block("console"))
	proxy := exec.CommandContext(t.Context(), "sh", "-c", "exec "+command+" --http-address="+address+" --cookie-secure=false --cookie-refresh=1s --skip-provider-button --whitelist-domain="+address)
	log := &devtest.Output{}
	proxy.Stdout, proxy.Stderr = log, log
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Process.Kill(); _ = proxy.Wait() })

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	open := func(url string) (status int, location, body string) {
		response, err := browser.Get(url)
		if err != nil {
			return 0, "", err.Error()
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return response.StatusCode, response.Header.Get("Location"), string(text)
	}
	var location string
	devtest.Eventually(t, "oauth2-proxy serves", func() bool {
		var status int
		status, location, _ = open("http://" + address + "/")
		return status == http.StatusFound
	})
	if !strings.HasPrefix(location, s.issuer+"/oauth/authorize?") {
		t.Fatalf("it leads to %s: %s", location, log)
	}
	person := servicetest.NewPerson(t, s.issuer, email, password)
	if status, _, body := open(person.Visit(location).String()); status != http.StatusFound {
		t.Fatalf("back from the sign-in: %d %s\n%s", status, body, log)
	}
	if status, _, body := open("http://" + address + "/"); status != http.StatusOK || body != email+" in books:reader" {
		t.Errorf("signed in: %d %s\n%s", status, body, log)
	}
	s.must("client", "end", id)
	devtest.Eventually(t, "oauth2-proxy has lost the person", func() bool {
		status, _, _ := open("http://" + address + "/")
		return status == http.StatusFound
	})
}
