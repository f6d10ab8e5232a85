package app

import (
	"crypto/rand"
	"time"

	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/mail"
)

// newOutbox makes the outbox of mails. Without AUTH_API_SMTP_URL it stores and sends none.
func (a *App) newOutbox(c config.Config) *mail.Outbox {
	o := mail.Options{DB: a.db, Enabled: c.SendsMail(), Now: time.Now, Random: rand.Reader, Log: a.log}
	if c.SendsMail() {
		o.Server, o.Composer = c.SMTP(), &mail.Composer{From: c.Sender(), Service: string(c.Name), Issuer: c.Issuer.URL}
	}
	return mail.New(o)
}
