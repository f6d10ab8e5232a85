package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
)

// RequestRegistration mails a code to an address, with which whoever reads its mails can make
// an account (Join), and returns the id of the request. Nothing is chosen before that, so that
// whoever types the address of somebody else has nothing in the account. If the address has an
// account, the mail says so instead; the caller cannot tell. Faults: validation_failed,
// registration_closed (no mails are sent), too_many_attempts, store_unavailable. language is
// what the browser accepts.
func (s *Service) RequestRegistration(ctx context.Context, email, language string) (uuid.UUID, error) {
	if !s.mails.Enabled() {
		return uuid.Nil, fault.New(fault.RegistrationClosed, "This service sends no mails, so that nobody can register here. Ask whoever runs it for an account.")
	}
	id, err := s.requestCode(ctx, code.Registration, mail.Registration, code.Owner{Address: email}, mail.Accepted(language))
	if err != nil {
		return uuid.Nil, fmt.Errorf("request an account: %w", err)
	}
	return id, nil
}

// RegistrationMail mints the code of a registration. It implements mail.Preparer.
type RegistrationMail struct {
	Codes *code.Codes
	// Link is the page on which the code of a request can be typed.
	Link func(request uuid.UUID) string
}

// Prepare adds the code and the link. To the owner of an account it says that there is one.
func (r RegistrationMail) Prepare(ctx context.Context, tx pgx.Tx, m mail.Mail) (mail.Mail, bool, error) {
	switch id, stored, _, err := byEmailIn(ctx, tx, m.To); {
	case errors.Is(err, errNotFound):
		return withCodeForNew(ctx, tx, r.Codes, code.Registration, m, r.Link)
	case err != nil:
		return m, false, fmt.Errorf("find who has the address: %w", err)
	default:
		// To the address that is stored, not to one that only looks alike.
		m.Kind, m.To, m.Account = mail.AlreadyRegistered, stored, id
		return m, true, nil
	}
}

// HandedOver begins the lifetime of the code.
func (r RegistrationMail) HandedOver(ctx context.Context, tx pgx.Tx, m mail.Mail, at time.Time) error {
	_, err := handedOver(ctx, tx, r.Codes, code.Registration, m, at)
	return err
}

// AlreadyRegisteredMail is what a mail becomes that RegistrationMail has found an account for.
// It implements mail.Preparer.
type AlreadyRegisteredMail struct{ Audit *audit.Recorder }

// Prepare is never called: no mail is queued as one of this kind.
func (AlreadyRegisteredMail) Prepare(_ context.Context, _ pgx.Tx, m mail.Mail) (mail.Mail, bool, error) {
	return m, true, nil
}

// HandedOver records that somebody tried to register the address.
func (a AlreadyRegisteredMail) HandedOver(ctx context.Context, tx pgx.Tx, m mail.Mail, _ time.Time) error {
	return a.Audit.Record(ctx, tx, audit.Event{Verb: audit.RegisterAccount, Subject: audit.AccountOf(m.Account), Reason: fault.AlreadyExists})
}
