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

// RequestAddress mails a code to the address that an account is to have, and returns the id of
// the request. It does the same whether somebody else has the address or not: that is looked
// up when the mail is to be sent, and then there is none. Faults: validation_failed,
// mail_not_configured, too_many_attempts, store_unavailable. language is what the browser
// accepts.
func (s *Service) RequestAddress(ctx context.Context, id uuid.UUID, email, language string) (request uuid.UUID, err error) {
	if !s.mails.Enabled() {
		return uuid.Nil, fault.New(fault.MailNotConfigured, "This service sends no mails, so that nobody can prove a new address here. Ask whoever runs it.")
	}
	request, err = s.requestCode(ctx, code.ChangeAddress, mail.ChangeAddress, code.Owner{Account: id, Address: email}, mail.Accepted(language), audit.Event{Verb: audit.RequestAddress, Subject: audit.AccountOf(id)})
	if err != nil {
		return uuid.Nil, fmt.Errorf("request another address: %w", err)
	}
	return request, nil
}

// ChangeAddress gives an account the address to which the code went. Live tokens say it at
// once, and nothing ends. Both addresses are told; the one from before, if it was proved, gets
// a code that undoes the change for a day, and nobody else can have it meanwhile. Faults:
// invalid_code (also if somebody else has the address by now), too_many_attempts (the address
// from before was sent too many codes, so that it could not be told), account_not_found,
// store_unavailable, change_under_way.
func (s *Service) ChangeAddress(ctx context.Context, id, request uuid.UUID, typed string) error {
	owner, err := s.codes.Check(ctx, request, typed, code.ChangeAddress)
	if err != nil {
		return fmt.Errorf("change address: %w", err)
	}
	if owner.Account != id {
		return code.Invalid()
	}
	err = s.change(ctx, id, audit.ChangeAddress, func(ctx context.Context, tx *authorization.Tx) error {
		owner, err := s.codes.Spend(ctx, tx, request, typed, code.ChangeAddress)
		if err != nil {
			return err
		}
		before, err := addressOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := setAddress(ctx, tx, id, owner.Address); err != nil {
			return err
		}
		if err := notReserved(ctx, tx, s.codes, owner.Address, id); err != nil {
			return err
		}
		if err := s.codes.Void(ctx, tx, id); err != nil {
			return err
		}
		if err := s.tellOfChange(ctx, tx, before, owner.Address); err != nil {
			return err
		}
		return tx.Rewrite(ctx)
	})
	// Also if Redis was not told in time: the change is committed.
	s.mails.Wake()
	if fault.CodeOf(err) == fault.AlreadyExists {
		return code.Invalid()
	}
	if err != nil {
		return fmt.Errorf("change address: %w", err)
	}
	return nil
}

// tellOfChange queues the mails about a change: to the new address, and to the one from
// before with a code. An address that nobody has proved may be that of a stranger: it could
// take the account by the code.
func (s *Service) tellOfChange(ctx context.Context, tx *authorization.Tx, before Account, now string) error {
	if err := s.mails.Queue(ctx, tx.Tx, mail.Mail{Kind: mail.AddressSet, To: now, Account: before.ID}); err != nil {
		return err
	}
	if !before.EmailVerified || FoldEmail(before.Email) == FoldEmail(now) {
		return nil
	}
	_, err := s.queueCode(ctx, tx.Tx, code.UndoAddress, mail.AddressChanged, code.Owner{Account: before.ID, Address: before.Email}, "")
	return err
}

// AddressMail mints the codes of changes of addresses, and of what undoes them. It implements
// mail.Preparer.
type AddressMail struct {
	Codes *code.Codes
	// Of is what the codes are for.
	Of code.Purpose
	// Link is the page on which the code of a request can be typed.
	Link func(request uuid.UUID) string
}

// Prepare adds the code and the link. Somebody else's address gets no mail.
func (a AddressMail) Prepare(ctx context.Context, tx pgx.Tx, m mail.Mail) (mail.Mail, bool, error) {
	switch id, _, _, err := byEmailIn(ctx, tx, m.To); {
	case err == nil && id != m.Account:
		return m, false, nil
	case err != nil && !errors.Is(err, errNotFound):
		return m, false, fmt.Errorf("find who has the address: %w", err)
	}
	return withCode(ctx, tx, a.Codes, a.Of, code.Owner{Account: m.Account, Address: m.To}, m, a.Link)
}

// HandedOver begins the lifetime of the code.
func (a AddressMail) HandedOver(ctx context.Context, tx pgx.Tx, m mail.Mail, at time.Time) error {
	_, err := handedOver(ctx, tx, a.Codes, a.Of, m, at)
	return err
}
