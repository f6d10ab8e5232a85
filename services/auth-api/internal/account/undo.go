package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
)

// UndoAddress sets the address again that an account had before a change, for whoever has the
// code that was mailed to it, with a new password: who changed the address may know the one
// from before. It ends everything of the account, later changes of the address with what
// undoes them, and a second factor that was turned on since. It signs nobody in. Faults:
// mail_not_configured, invalid_code, validation_failed (the code stays good, and no miss is
// counted), account_disabled, busy, store_unavailable, change_under_way.
func (s *Service) UndoAddress(ctx context.Context, request uuid.UUID, typed, next string) error {
	if !s.mails.Enabled() {
		return noMail()
	}
	owner, phc, err := s.chosen(ctx, request, typed, "new_password", next, code.UndoAddress)
	if err != nil {
		return fmt.Errorf("undo a change of address: %w", err)
	}
	err = s.change(ctx, owner.Account, audit.UndoAddress, func(ctx context.Context, tx *authorization.Tx) error {
		owner, err := s.codes.Spend(ctx, tx, request, typed, code.UndoAddress)
		if err != nil {
			return err
		}
		before, err := addressOf(ctx, tx, owner.Account)
		if err != nil {
			return err
		}
		if err := setAddress(ctx, tx, owner.Account, owner.Address); err != nil {
			return err
		}
		if _, err := setForgotten(ctx, tx, owner, phc); err != nil {
			return err
		}
		changed, err := s.codes.VoidUndosSince(ctx, tx, request, owner.Account)
		if err != nil {
			return err
		}
		// The owner does not have a second factor that was turned on since. One that is older
		// stays: a mailbox alone does not pass it.
		if err := s.factors.ForgetSince(ctx, tx, owner.Account, changed); err != nil {
			return err
		}
		if err := s.codes.Void(ctx, tx, owner.Account); err != nil {
			return err
		}
		// The owner would not be asked about apps that were let in since.
		if err := tx.WithdrawAll(ctx); err != nil {
			return err
		}
		for _, address := range []string{owner.Address, before.Email} {
			if err := s.mails.Queue(ctx, tx.Tx, mail.Mail{Kind: mail.AddressRestored, To: address, Account: owner.Account}); err != nil {
				return err
			}
		}
		return tx.EndAll(ctx)
	})
	s.misses.forget(owner.Account)
	s.mails.Wake()
	if fault.CodeOf(err) == fault.AlreadyExists {
		return code.Invalid()
	}
	if err != nil {
		return fmt.Errorf("undo a change of address: %w", err)
	}
	return nil
}
