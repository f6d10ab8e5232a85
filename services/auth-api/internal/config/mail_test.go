package config_test

import (
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/mail"
)

func TestMailServersAreUnderstood(t *testing.T) {
	for url, want := range map[string]mail.SMTP{
		"smtps://ada:p%40ss@mail.books.test":    {Address: "mail.books.test:465", Security: mail.ImplicitTLS, User: "ada", Password: "p@ss"},
		"smtp://ada:secret@mail.books.test":     {Address: "mail.books.test:587", Security: mail.StartTLS, User: "ada", Password: "secret"},
		"smtp://mail.books.test:2525":           {Address: "mail.books.test:2525", Security: mail.StartTLS},
		"smtp+insecure://127.0.0.1:1025":        {Address: "127.0.0.1:1025", Security: mail.Insecure},
		"smtp+insecure://[2001:db8::1]":         {Address: "[2001:db8::1]:25", Security: mail.Insecure},
		"SMTPS://ada:secret@mail.books.test:99": {Address: "mail.books.test:99", Security: mail.ImplicitTLS, User: "ada", Password: "secret"},
	} {
		t.Run(url, func(t *testing.T) {
			set(t, with(map[string]string{"AUTH_API_SMTP_URL": url, "AUTH_API_NAME": "Books"}))
			c, err := config.Load()
			if err != nil {
				t.Fatal(err)
			}
			want.From = "auth@books.test"
			if got := c.SMTP(); got == nil || *got != want || !c.SendsMail() {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if from := c.Sender(); from.Name != "Books" || from.Address != "auth@books.test" {
				t.Errorf("the sender is %v", from)
			}
		})
	}
}

func TestMailServersThatCannotBeUsedSayWhy(t *testing.T) {
	for url, says := range map[string]string{
		"http://mail.books.test":                  "the scheme is none of",
		"smtp://":                                 "the host part is empty",
		"smtp://a.books.test,b.books.test":        "several hosts",
		"smtp://ada@mail.books.test":              "give both, or none",
		"smtp://mail.books.test/inbox":            "neither path nor parameters",
		"smtp://mail.books.test?tls=off":          "neither path nor parameters",
		"smtp+insecure://ada:secret@mail.test:25": "sent without TLS",
	} {
		t.Run(url, func(t *testing.T) {
			set(t, with(map[string]string{"AUTH_API_SMTP_URL": url}))
			if _, err := config.Load(); err == nil || !strings.HasPrefix(err.Error(), "AUTH_API_SMTP_URL: ") || !strings.Contains(err.Error(), says) {
				t.Errorf("got %v, want %q", err, says)
			}
		})
	}
}

func TestMailNeedsSenderAndIssuer(t *testing.T) {
	set(t, map[string]string{"AUTH_API_SMTP_URL": "smtp://mail.books.test"})
	_, err := config.Load()
	if err == nil || !strings.Contains(err.Error(), "AUTH_API_MAIL_FROM: it is not set") || !strings.Contains(err.Error(), "AUTH_API_ISSUER: it is not set") {
		t.Errorf("got %v", err)
	}
	set(t, with(map[string]string{"AUTH_API_MAIL_FROM": "Library <mail@books.test>", "AUTH_API_SMTP_URL": "smtp://mail.books.test"}))
	c, err := config.Load()
	if from := c.Sender(); err != nil || from.Name != "Library" || from.Address != "mail@books.test" {
		t.Errorf("the sender is %v, %v", from, err)
	}
	for _, from := range []string{"ada", "a@b, c@d", "Ada <ada@books.test", "ädä@books.test"} {
		set(t, with(map[string]string{"AUTH_API_MAIL_FROM": from}))
		if _, err := config.Load(); err == nil || !strings.HasPrefix(err.Error(), "AUTH_API_MAIL_FROM: write an address") {
			t.Errorf("%q: got %v", from, err)
		}
	}
}
