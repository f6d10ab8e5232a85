package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

// From a sign-in on a second device to the mail on the page that make run names.
func TestDevShowsTheMailsThatItSends(t *testing.T) {
	t.Parallel()
	d := dev(t, filepath.Join(t.TempDir(), ".dev"))
	printed := regexp.MustCompile(`serves on (http://\S+) [^$]*  mail       (http://\S+)\n`).FindStringSubmatch(d.out.String())
	if printed == nil {
		t.Fatalf("no mailbox is named:\n%s", d.out)
	}
	authAPI, mailbox := printed[1], printed[2]
	signIn := func() {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, authAPI+"/v1/sessions", strings.NewReader(`{"email":"`+email+`","password":"notes on the analytical engine"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusCreated {
			t.Fatalf("%s %s", response.Status, body)
		}
	}
	type mail struct {
		To                        []string
		From, Subject, Text, HTML string
	}
	mails := func() (all []mail) {
		t.Helper()
		response, err := http.Get(mailbox + ".json")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var listed struct{ Mails []mail }
		if err := json.NewDecoder(response.Body).Decode(&listed); err != nil {
			t.Fatal(err)
		}
		return listed.Mails
	}
	signIn()
	if got := mails(); len(got) != 0 {
		t.Errorf("the first sign-in is told: %+v", got)
	}
	signIn()
	devtest.Eventually(t, "the mail is there", func() bool { return len(mails()) == 1 })
	got := mails()[0]
	if got.To[0] != email || got.Subject != "New sign-in to your account" || !strings.Contains(got.Text, "Device: Firefox on Linux\nAddress: 127.0.0.1\n") || !strings.Contains(got.Text, authAPI+"/account\n") || !strings.Contains(got.HTML, authAPI+"/account") {
		t.Errorf("the mail is %+v", got)
	}
}
