package mailbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"strings"
	"testing"

	"auth.books.test/internal/mailbox"
)

const message = "From: Books <auth@books.test>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= <b>\r\nMessage-ID: <1@books.test>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=x\r\n\r\n" +
	"--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nIhr Ger=C3=A4t <script>\r\n" +
	"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head></head><body><script>alert(1)</script></body></html>\r\n--x--\r\n"

func start(t *testing.T) *mailbox.Mailbox {
	t.Helper()
	m, err := mailbox.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Stop() })
	return m
}

func send(t *testing.T, m *mailbox.Mailbox, message string) {
	t.Helper()
	if err := smtp.SendMail(strings.TrimPrefix(m.SMTP, "smtp+insecure://"), nil, "auth@books.test", []string{"ada@books.test"}, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(body)
}

func TestMailIsShown(t *testing.T) {
	t.Parallel()
	m := start(t)
	if r, body := get(t, m.URL); r.StatusCode != 200 || !strings.Contains(body, "No mail has come yet") {
		t.Errorf("an empty mailbox: %d %s", r.StatusCode, body)
	}
	send(t, m, message)
	var listed struct{ Mails []mailbox.Mail }
	_, raw := get(t, m.URL+".json")
	if err := json.Unmarshal([]byte(raw), &listed); err != nil || len(listed.Mails) != 1 {
		t.Fatalf("%v: %s", err, raw)
	}
	if got := listed.Mails[0]; got.Subject != "Grüße <b>" || got.Text != "Ihr Gerät <script>" || got.To[0] != "ada@books.test" || got.MessageID != "<1@books.test>" || !strings.Contains(got.HTML, "<body>") || got.Problem != "" {
		t.Errorf("it is read as %+v", got)
	}
	if _, body := get(t, m.URL); !strings.Contains(body, `<a href="/mail/1">Grüße &lt;b&gt;</a>`) {
		t.Errorf("the list is %s", body)
	}
	r, body := get(t, m.URL+"/1")
	if !strings.Contains(body, "Ihr Gerät &lt;script&gt;") || strings.Contains(body, "<script>") || !strings.Contains(body, `sandbox="allow-popups`) {
		t.Errorf("the mail is shown as %s", body)
	}
	if policy := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("the page has the policy %q", policy)
	}
	r, body = get(t, m.URL+"/1/html")
	if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(body, "<script>") || !strings.Contains(policy, "sandbox") || strings.Contains(policy, "allow-scripts") || strings.Contains(policy, "script-src") {
		t.Errorf("the mail's HTML has the policy %q: %s", policy, body)
	}
	if r, _ := get(t, m.URL+"/2"); r.StatusCode != 404 {
		t.Errorf("a mail that is not there: %d", r.StatusCode)
	}
}

func TestLastHundredMailsAreKept(t *testing.T) {
	t.Parallel()
	m := start(t)
	for n := range 103 {
		send(t, m, fmt.Sprintf("Subject: %d\r\n\r\nx\r\n", n))
	}
	all := m.Mails()
	if len(all) != 100 || all[0].Subject != "102" || all[99].Subject != "3" {
		t.Errorf("%d mails, from %s to %s", len(all), all[0].Subject, all[len(all)-1].Subject)
	}
}

func TestOtherNamesAreRefused(t *testing.T) {
	t.Parallel()
	m := start(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = net.JoinHostPort("evil.test", r.URL.Port())
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("got %s", got.Status)
	}
}
