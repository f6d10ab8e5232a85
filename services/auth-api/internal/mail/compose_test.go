package mail_test

import (
	"flag"
	"io"
	"mime"
	"mime/multipart"
	stdmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/mail"
)

var update = flag.Bool("update", false, "write the golden files anew")

func sample(kind mail.Kind, language string) mail.Mail {
	return mail.Mail{
		ID: uuid.MustParse("0198c0de-0000-7000-8000-000000000001"), Kind: kind, To: ada, Language: language,
		Data: map[string]string{"browser": "Firefox", "system": "Linux", "address": "192.0.2.7", "code": "ABCD-EFGH", "url": issuer + "/reset/1", "name": "backup <b>", "ends": "2026-12-04T13:42:00Z"},
	}
}

func compose(t *testing.T, c *mail.Composer, m mail.Mail) *stdmail.Message {
	t.Helper()
	at := time.Date(2026, 11, 27, 13, 42, 0, 0, time.UTC)
	raw, err := c.Compose(m, at, at.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	read, err := stdmail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// readable is a message with its parts decoded.
func readable(t *testing.T, m *stdmail.Message) string {
	t.Helper()
	var out strings.Builder
	for _, name := range []string{"From", "To", "Subject", "Date", "Message-Id", "Content-Language", "Auto-Submitted"} {
		value, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get(name))
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(name + ": " + value + "\n")
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString("\n--- " + part.Header.Get("Content-Type") + "\n\n" + strings.ReplaceAll(string(content), "\r\n", "\n"))
	}
}

// The golden files show reviewers what people read.
func TestTextsAreAsReviewed(t *testing.T) {
	t.Parallel()
	for _, kind := range mail.Kinds() {
		for _, language := range []string{"en", "de"} {
			got := readable(t, compose(t, composer(), sample(kind, language)))
			file := filepath.Join("testdata", string(kind)+"."+language+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is not as it was reviewed. If that is meant: go test ./services/auth-api/internal/mail -run AsReviewed -update, and read the difference", file)
			}
		}
	}
}

func TestLanguageIsFound(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"": "en", "en-GB": "en", "de": "de", "de-AT": "de", "DE": "de", "tlh": "en"} {
		if got := compose(t, composer(), sample(mail.NewDevice, tag)).Header.Get("Content-Language"); got != want {
			t.Errorf("%q gives %s, want %s", tag, got, want)
		}
	}
}

func TestNothingInjectsHeaders(t *testing.T) {
	t.Parallel()
	const evil = "x\r\nBcc: eve@books.test\r\n\r\n<img src=x>"
	c := composer()
	c.From.Name, c.Service = evil, evil
	m := sample(mail.NewDevice, "en")
	m.Data["address"], m.Data["browser"] = evil, evil
	read := compose(t, c, m)
	if len(read.Header["Bcc"]) > 0 || len(read.Header["From"]) != 1 {
		t.Errorf("the headers are %v", read.Header)
	}
	if text := readable(t, read); strings.Contains(text[strings.Index(text, "text/html"):], "<img") {
		t.Errorf("the HTML has an element of the data: %s", text)
	}
	for _, to := range []string{"ada@books.test\r\nBcc: eve@books.test", "Ada <ada@books.test>", "ada@books.test, eve@books.test", ""} {
		m.To = to
		if raw, err := composer().Compose(m, time.Now(), time.Now()); err == nil {
			t.Errorf("a mail to %q is %s", to, raw)
		}
	}
}

func TestLinksLeadToTheIssuerOnly(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://evil.test/reset", issuer + ".evil.test/", "javascript:alert(1)", ""} {
		m := sample(mail.ResetPassword, "en")
		m.Data["url"] = url
		if raw, err := composer().Compose(m, time.Now(), time.Now()); err == nil {
			t.Errorf("a mail with the link %q is %s", url, raw)
		}
	}
	m := sample(mail.ResetPassword, "en")
	delete(m.Data, "code")
	if _, err := composer().Compose(m, time.Now(), time.Now()); err == nil {
		t.Error("a mail without its code is written")
	}
}
