package app

import (
	"crypto/rand"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/mail"
)

// newOutbox makes the outbox of mails. Without AUTH_API_SMTP_URL it stores and sends none.
func (a *App) newOutbox(c config.Config, recorder *audit.Recorder) *mail.Outbox {
	o := mail.Options{DB: a.db, Enabled: c.SendsMail(), Now: time.Now, Random: rand.Reader, Log: a.log}
	if c.SendsMail() {
		o.Server, o.Composer = c.SMTP(), &mail.Composer{From: c.Sender(), Service: string(c.Name), Issuer: c.Issuer.URL}
		at := func(page string) func(uuid.UUID) string {
			return func(request uuid.UUID) string { return c.Issuer.URL + page + "/" + request.String() }
		}
		o.Preparers = map[mail.Kind]mail.Preparer{
			mail.ResetPassword:     account.ResetMail{Codes: a.codes, Audit: recorder, Link: at(route.Reset)},
			mail.ChangeAddress:     account.AddressMail{Codes: a.codes, Of: code.ChangeAddress, Link: at(route.AccountAddress)},
			mail.AddressChanged:    account.AddressMail{Codes: a.codes, Of: code.UndoAddress, Link: at(route.Address)},
			mail.Registration:      account.RegistrationMail{Codes: a.codes, Link: at(route.Register)},
			mail.AlreadyRegistered: account.AlreadyRegisteredMail{Audit: recorder},
			mail.Invitation:        account.InvitationMail{Codes: a.codes, Link: at(route.Invitation)},
		}
	}
	return mail.New(o)
}
