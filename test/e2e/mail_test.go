//go:build e2e

package e2e_test

import (
	"fmt"
	"io"
	"net/url"
	"regexp"
	"testing"
	"time"
)

var mailedCode = regexp.MustCompile(`(?m)^\s+([B-Z]{4}-[B-Z]{4})\s*$`)

func TestForgottenPasswordIsReplacedWithAMailedCode(t *testing.T) {
	email := fmt.Sprintf("e2e-mail-%d@books.test", time.Now().UnixNano())
	if err := createAccount(email); err != nil {
		t.Fatal(err)
	}
	mailpit := "http://" + forwarded(t, namespace, "deployment/mailpit", "8025")
	asked := want(t, 202, "POST", "/v1/password-resets", "", map[string]string{"email": email})
	var code string
	eventually(t, time.Minute, "the code arrives in Mailpit", func() error {
		text, err := newestMail(mailpit, email)
		if err != nil {
			return err
		}
		found := mailedCode.FindStringSubmatch(text)
		if found == nil {
			return fmt.Errorf("there is no code in %q", text)
		}
		code = found[1]
		return nil
	})
	const next = "patterns that the engine weaves"
	want(t, 204, "POST", fmt.Sprintf("/v1/password-resets/%v/confirmation", asked.body["id"]), "", map[string]string{"code": code, "new_password": next})
	want(t, 401, "POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	want(t, 201, "POST", "/v1/sessions", "", map[string]string{"email": email, "password": next})
}

// newestMail is the text of the newest mail to an address.
func newestMail(mailpit, to string) (string, error) {
	response, err := client.Get(mailpit + "/view/latest.txt?query=" + url.QueryEscape("to:"+to))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != 200 {
		err = fmt.Errorf("Mailpit answers %d %s", response.StatusCode, text)
	}
	return string(text), err
}
