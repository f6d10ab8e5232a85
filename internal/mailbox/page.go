package mailbox

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"
)

// csp lets a page load nothing but its own style and the frame with a mail, in which neither
// scripts nor forms work.
const csp = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// cspOfMail is for a mail's HTML: it may load nothing, and be shown by the page alone. Its
// links open in a tab of their own.
const cspOfMail = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

func (m *Mailbox) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /mail", m.list)
	mux.HandleFunc("GET /mail.json", m.json)
	mux.HandleFunc("GET /mail/{id}", m.one)
	mux.HandleFunc("GET /mail/{id}/html", m.html)
	mux.Handle("GET /{$}", http.RedirectHandler("/mail", http.StatusSeeOther))
	return onLoopback(mux)
}

// onLoopback refuses other names than those of this machine: a page elsewhere may have a name
// that leads here (DNS rebinding).
func onLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := strings.Cut(r.Host, ":")
		if host != "127.0.0.1" && host != "localhost" {
			http.Error(w, "this mailbox is for this machine only", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Content-Security-Policy", csp)
		next.ServeHTTP(w, r)
	})
}

func (m *Mailbox) json(w http.ResponseWriter, _ *http.Request) {
	all := m.Mails()
	if all == nil {
		all = []Mail{}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"mails": all})
}

func (m *Mailbox) list(w http.ResponseWriter, _ *http.Request) {
	var rows strings.Builder
	for _, mail := range m.Mails() {
		fmt.Fprintf(&rows, "<tr><td>%s</td><td>%s</td><td><a href=\"/mail/%s\">%s</a></td></tr>\n",
			mail.At.Format(time.DateTime), html.EscapeString(strings.Join(mail.To, ", ")), mail.ID, html.EscapeString(orNone(mail.Subject)))
	}
	body := "<p>No mail has come yet. Load the page again when one was sent.</p>"
	if rows.Len() > 0 {
		body = "<table><thead><tr><th>When (UTC)</th><th>To</th><th>Subject</th></tr></thead><tbody>\n" + rows.String() + "</tbody></table>"
	}
	page(w, "Mailbox", body+`<p><a href="/mail.json">The same as JSON</a>. The last 100 mails are kept, until this program ends.</p>`)
}

func (m *Mailbox) one(w http.ResponseWriter, r *http.Request) {
	mail, found := m.find(r.PathValue("id"))
	if !found {
		http.NotFound(w, r)
		return
	}
	var body strings.Builder
	body.WriteString("<p><a href=\"/mail\">All mails</a></p><dl>\n")
	for _, field := range [][2]string{{"From", mail.From}, {"To", strings.Join(mail.To, ", ")}, {"When", mail.At.Format(time.RFC3339)}, {"Message-ID", mail.MessageID}, {"Problem", mail.Problem}} {
		if field[1] != "" {
			fmt.Fprintf(&body, "<dt>%s</dt><dd>%s</dd>\n", field[0], html.EscapeString(field[1]))
		}
	}
	fmt.Fprintf(&body, "</dl>\n<h2>Plain text</h2>\n<pre>%s</pre>\n", html.EscapeString(mail.Text))
	if mail.HTML != "" {
		fmt.Fprintf(&body, "<h2>HTML</h2>\n<iframe title=\"The mail as HTML\" sandbox=\"allow-popups allow-popups-to-escape-sandbox\" src=\"/mail/%s/html\"></iframe>\n", mail.ID)
	}
	page(w, orNone(mail.Subject), body.String())
}

func (m *Mailbox) html(w http.ResponseWriter, r *http.Request) {
	mail, found := m.find(r.PathValue("id"))
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", cspOfMail)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(strings.Replace(mail.HTML, "<head>", `<head><base target="_blank">`, 1)))
}

func orNone(subject string) string {
	if subject == "" {
		return "(no subject)"
	}
	return subject
}

func page(w http.ResponseWriter, title, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%[1]s</title>
<style>:root{color-scheme:light dark}body{font-family:sans-serif;margin:1rem;max-width:60rem}td,th{text-align:left;padding:.25rem 1rem .25rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere}iframe{width:100%%;height:32rem;border:1px solid}</style>
</head>
<body><h1>%[1]s</h1>
%[2]s
</body></html>
`, html.EscapeString(title), body)
}
