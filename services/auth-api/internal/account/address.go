package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
)

// accountID is the name of a mail's datum that holds the account which a code is for.
const accountID = "account"

// RequestAddress mails a code to the address that an account is to have, and returns the id of
// the request. It does the same whether somebody else has the address or not: that is looked
// up when the mail is to be sent, and then there is none. Faults: validation_failed,
// mail_not_configured, too_many_attempts, store_unavailable. language is what the browser
// accepts.
func (s *Service) RequestAddress(ctx context.Context, id uuid.UUID, email, language string) (request uuid.UUID, err error) {
	if !s.mails.Enabled() {
		return uuid.Nil, fault.New(fault.MailNotConfigured, "This service sends no mails, so that nobody can prove a new address here. Ask whoever runs it.")
	}
	if email, err = ParseEmail("email", email); err != nil {
		return uuid.Nil, err
	}
	err = s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if request, err = s.codes.RequestFor(ctx, tx, code.ChangeAddress, code.Owner{Account: id, Address: email}); err != nil {
			return err
		}
		m := mail.Mail{Kind: mail.ChangeAddress, To: email, Language: mail.Accepted(language), Data: map[string]string{requestID: request.String(), accountID: id.String()}}
		if err := s.mails.Queue(ctx, tx, m); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, audit.Event{Verb: audit.RequestAddress, Subject: audit.AccountOf(id)})
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("request another address: %w", err)
	}
	s.mails.Wake()
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
		switch reserved, err := s.codes.Reserved(ctx, tx, owner.Address, id); {
		case err != nil:
			return err
		case reserved:
			return exists()
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
	request, err := s.codes.RequestFor(ctx, tx.Tx, code.UndoAddress, code.Owner{Account: before.ID, Address: before.Email})
	if err != nil {
		return err
	}
	return s.mails.Queue(ctx, tx.Tx, mail.Mail{Kind: mail.AddressChanged, To: before.Email, Account: before.ID, Data: map[string]string{requestID: request.String(), accountID: before.ID.String()}})
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
	request, err := requestOf(m)
	if err != nil {
		return m, false, err
	}
	account, err := uuid.Parse(m.Data[accountID])
	if err != nil {
		return m, false, fmt.Errorf("read whose address it is to be: %w", err)
	}
	switch id, _, _, err := byEmailIn(ctx, tx, m.To); {
	case err == nil && id != account:
		return m, false, nil
	case err != nil && !errors.Is(err, errNotFound):
		return m, false, fmt.Errorf("find who has the address: %w", err)
	}
	typed, ok, err := a.Codes.Mint(ctx, tx, request, a.Of, code.Owner{Account: account, Address: m.To})
	if err != nil || !ok {
		return m, false, err
	}
	m.Account, m.Data = account, maps.Clone(m.Data)
	m.Data["code"], m.Data["url"] = typed, a.Link(request)
	return m, true, nil
}

// HandedOver begins the lifetime of the code.
func (a AddressMail) HandedOver(ctx context.Context, tx pgx.Tx, m mail.Mail, at time.Time) error {
	request, err := requestOf(m)
	if err == nil {
		_, err = a.Codes.HandedOver(ctx, tx, request, a.Of, at)
	}
	return err
}
