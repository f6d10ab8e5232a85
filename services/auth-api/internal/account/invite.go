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

// Invite mails a code to an address, with which its owner can make an account, also where
// registration is closed. language is a BCP 47 tag. Faults: validation_failed,
// mail_not_configured, already_exists, too_many_attempts, store_unavailable.
func (s *Service) Invite(ctx context.Context, email, language string) error {
	if !s.mails.Enabled() {
		return fault.New(fault.MailNotConfigured, "This service sends no mails: set AUTH_API_SMTP_URL, or use account create.")
	}
	email, err := ParseEmail("email", email)
	if err != nil {
		return err
	}
	switch _, _, err := s.store.byEmail(ctx, email); {
	case err == nil:
		return exists()
	case !errors.Is(err, errNotFound):
		return fmt.Errorf("invite: %w", err)
	}
	if _, err := s.requestCode(ctx, code.Invitation, mail.Invitation, code.Owner{Address: email}, language, audit.Event{Verb: audit.InviteAccount}); err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	return nil
}

// InvitationMail mints the code of an invitation. It implements mail.Preparer.
type InvitationMail struct {
	Codes *code.Codes
	// Link is the page on which the code of a request can be typed.
	Link func(request uuid.UUID) string
}

// Prepare adds the code and the link. An address that has an account by now gets no mail.
func (i InvitationMail) Prepare(ctx context.Context, tx pgx.Tx, m mail.Mail) (mail.Mail, bool, error) {
	if _, _, _, err := byEmailIn(ctx, tx, m.To); !errors.Is(err, errNotFound) {
		return m, false, err
	}
	return withCodeForNew(ctx, tx, i.Codes, code.Invitation, m, i.Link)
}

// HandedOver begins the lifetime of the code.
func (i InvitationMail) HandedOver(ctx context.Context, tx pgx.Tx, m mail.Mail, at time.Time) error {
	_, err := handedOver(ctx, tx, i.Codes, code.Invitation, m, at)
	return err
}
