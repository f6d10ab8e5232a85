package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
)

// RequestReset mails a code to an address, with which whoever reads its mails can set a new
// password, and returns the id of the request. It does the same whether the address has an
// account or not: that is looked up when the mail is to be sent. Faults: validation_failed,
// mail_not_configured, too_many_attempts, store_unavailable. language is what the browser
// accepts.
func (s *Service) RequestReset(ctx context.Context, email, language string) (id uuid.UUID, err error) {
	if !s.mails.Enabled() {
		return uuid.Nil, noMail()
	}
	if id, err = s.requestCode(ctx, code.ResetPassword, mail.ResetPassword, code.Owner{Address: email}, mail.Accepted(language)); err != nil {
		return uuid.Nil, fmt.Errorf("request a reset: %w", err)
	}
	return id, nil
}

// Reset sets a new password for whoever has the code that RequestReset has mailed, and ends
// everything of the account: sign-ins, apps, personal tokens, and other codes. If nobody has
// proved the address before, what somebody else may have left goes as well: the name, the
// consents and the second factor. Otherwise those stay. It signs nobody in. Faults:
// mail_not_configured, invalid_code, validation_failed (the code stays good, and no miss is
// counted), account_disabled, busy, store_unavailable, change_under_way.
func (s *Service) Reset(ctx context.Context, request uuid.UUID, typed, next string) error {
	if !s.mails.Enabled() {
		return noMail()
	}
	owner, phc, err := s.chosen(ctx, request, typed, "new_password", next, code.ResetPassword)
	if err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	err = s.change(ctx, owner.Account, audit.ResetPassword, func(ctx context.Context, tx *authorization.Tx) error {
		owner, err := s.codes.Spend(ctx, tx, request, typed, code.ResetPassword)
		if err != nil {
			return err
		}
		first, err := setForgotten(ctx, tx, owner, phc)
		if err != nil {
			return err
		}
		if first {
			// Whoever had the account until now may have let apps in, which the owner would
			// not be asked about.
			if err := tx.WithdrawAll(ctx); err != nil {
				return err
			}
			// They may have turned on a second factor as well, which the owner does not have.
			if err := s.factors.Forget(ctx, tx, owner.Account); err != nil {
				return err
			}
		}
		if err := s.factors.ForgetSilent(ctx, tx, owner.Account); err != nil {
			return err
		}
		if err := s.codes.Void(ctx, tx, owner.Account); err != nil {
			return err
		}
		if err := s.mails.Queue(ctx, tx.Tx, mail.Mail{Kind: mail.PasswordWasReset, To: owner.Address, Account: owner.Account}); err != nil {
			return err
		}
		return tx.EndAll(ctx)
	})
	if err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	s.misses.forget(owner.Account)
	s.mails.Wake()
	return nil
}

func noMail() error {
	return fault.New(fault.MailNotConfigured, "This service sends no mails, so that nobody can reset a password here. Ask whoever runs it.")
}

// ResetMail finds out whose code a mail of RequestReset is to hold, and mints it. It
// implements mail.Preparer.
type ResetMail struct {
	Codes *code.Codes
	Audit *audit.Recorder
	// Link is the page on which the code of a request can be typed.
	Link func(request uuid.UUID) string
}

// Prepare adds the code and the link. Addresses without an account, and those of disabled
// accounts, get no mail.
func (r ResetMail) Prepare(ctx context.Context, tx pgx.Tx, m mail.Mail) (mail.Mail, bool, error) {
	id, stored, status, err := byEmailIn(ctx, tx, m.To)
	if errors.Is(err, errNotFound) || err == nil && status != Active {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("find whose password is to be reset: %w", err)
	}
	// To the address that is stored, not to one that only looks alike.
	m.Account = id
	return withCode(ctx, tx, r.Codes, code.ResetPassword, code.Owner{Account: id, Address: stored}, m, r.Link)
}

// HandedOver begins the lifetime of the code.
func (r ResetMail) HandedOver(ctx context.Context, tx pgx.Tx, m mail.Mail, at time.Time) error {
	owner, err := handedOver(ctx, tx, r.Codes, code.ResetPassword, m, at)
	if err != nil || owner == uuid.Nil {
		return err
	}
	return r.Audit.Record(ctx, tx, audit.Event{Verb: audit.RequestReset, Subject: audit.AccountOf(owner)})
}
