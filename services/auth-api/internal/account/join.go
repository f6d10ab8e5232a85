package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
)

// Join makes the account of somebody who has asked for one with RequestRegistration, or who
// was invited. The code proves the address. Faults: invalid_code (also if the address has an
// account by now), validation_failed (the code stays good), busy, store_unavailable.
func (s *Service) Join(ctx context.Context, request uuid.UUID, typed, password string) error {
	_, phc, err := s.chosen(ctx, request, typed, "password", password, code.Registration, code.Invitation)
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	err = s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		owner, err := s.codes.Spend(ctx, tx, request, typed, code.Registration, code.Invitation)
		if err != nil {
			return err
		}
		if err := createIn(ctx, tx, s.codes, owner.Account, owner.Address, phc, true); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, audit.Event{Verb: audit.RegisterAccount, Subject: audit.AccountOf(owner.Account)})
	})
	if fault.CodeOf(err) == fault.AlreadyExists {
		return code.Invalid()
	}
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	return nil
}

// withCodeForNew is withCode for a code with which an account is made. An address that may be
// set again by an undo gets none: no account could be made with it.
func withCodeForNew(ctx context.Context, tx pgx.Tx, codes *code.Codes, of code.Purpose, m mail.Mail, link func(request uuid.UUID) string) (mail.Mail, bool, error) {
	// The account has the id of the request: there is none yet that could have another.
	request, err := requestOf(m)
	if err != nil {
		return m, false, err
	}
	if reserved, err := codes.Reserved(ctx, tx, m.To, request); err != nil || reserved {
		return m, false, err
	}
	return withCode(ctx, tx, codes, of, code.Owner{Account: request, Address: m.To}, m, link)
}
