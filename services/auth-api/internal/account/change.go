package account

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
)

// MaxName is how many bytes a name may have. It keeps records of tokens small (see
// record.Encode).
const MaxName = 64

// Rename changes the person's name, also in the records of the account's live tokens.
// Faults: validation_failed, account_not_found, store_unavailable, change_under_way.
func (s *Service) Rename(ctx context.Context, id uuid.UUID, name string) (string, error) {
	name, err := ParseName("name", name)
	if err != nil {
		return "", err
	}
	err = s.change(ctx, id, audit.RenameAccount, func(ctx context.Context, tx *authorization.Tx) error {
		if err := setName(ctx, tx, id, name); err != nil {
			return err
		}
		return tx.Rewrite(ctx)
	})
	if err != nil {
		return "", fmt.Errorf("rename: %w", err)
	}
	return name, nil
}

// ParseName checks a person's name, which may be empty.
func ParseName(location, s string) (string, error) {
	s = strings.TrimSpace(s)
	if len(s) > MaxName || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fault.Invalid(location, "not_a_name", "Use at most 64 bytes of text without control characters.")
	}
	return s, nil
}

// ChangePassword sets a new password, and ends all sessions but keep. Faults:
// wrong_password, validation_failed, account_not_found, busy, store_unavailable,
// change_under_way.
func (s *Service) ChangePassword(ctx context.Context, id, keep uuid.UUID, current, next string) error {
	a, err := s.confirm(ctx, id, current)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	if err := s.policy.CheckChange("new_password", current, next, a.Email); err != nil {
		return err
	}
	phc, err := s.preferred.Hash(ctx, next)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	err = s.change(ctx, id, audit.ChangePassword, func(ctx context.Context, tx *authorization.Tx) error {
		if err := setPassword(ctx, tx, a, phc); err != nil {
			return err
		}
		if err := s.codes.Void(ctx, tx, id); err != nil {
			return err
		}
		if err := s.factors.ForgetSilent(ctx, tx, id); err != nil {
			return err
		}
		if a.EmailVerified {
			if err := s.mails.Queue(ctx, tx.Tx, mail.Mail{Kind: mail.PasswordChanged, To: a.Email, Account: id}); err != nil {
				return err
			}
		}
		return tx.EndSignIns(ctx, keep)
	})
	// Also if Redis was not told in time: the change is committed.
	s.mails.Wake()
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	return nil
}

// Delete deletes the account and ends its sessions. Faults: wrong_password,
// account_not_found, busy, store_unavailable, change_under_way.
func (s *Service) Delete(ctx context.Context, id uuid.UUID, current string) error {
	a, err := s.confirm(ctx, id, current)
	if err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	err = s.change(ctx, id, audit.DeleteAccount, func(ctx context.Context, tx *authorization.Tx) error {
		if err := remove(ctx, tx, a); err != nil {
			return err
		}
		if err := s.belongings.Forget(ctx, tx, id); err != nil {
			return err
		}
		if err := s.audit.Forget(ctx, tx, id); err != nil {
			return err
		}
		// In the order in which whoever sends a mail locks them.
		if err := s.mails.Forget(ctx, tx, id); err != nil {
			return err
		}
		if err := s.codes.Forget(ctx, tx, id); err != nil {
			return err
		}
		return tx.Erase(ctx)
	})
	if err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	return nil
}

// SetStatus disables an account, which ends its sessions, or enables it. Faults:
// validation_failed, account_not_found, store_unavailable, change_under_way.
func (s *Service) SetStatus(ctx context.Context, email string, status Status) error {
	verb, apply := audit.DisableAccount, (*authorization.Tx).Disable
	if status == Active {
		verb, apply = audit.EnableAccount, (*authorization.Tx).Enable
	}
	return s.changeByEmail(ctx, "set status", email, verb, func(ctx context.Context, tx *authorization.Tx, id uuid.UUID) error {
		if err := setStatus(ctx, tx, id, status); err != nil {
			return err
		}
		return apply(tx, ctx)
	})
}

// Unlock lets strangers sign in again after MaxMisses wrong passwords, and takes codes of the
// second step again after as many wrong ones as an account may have. Faults:
// validation_failed, account_not_found, store_unavailable.
func (s *Service) Unlock(ctx context.Context, email string) error {
	return s.changeByEmail(ctx, "unlock", email, audit.UnlockAccount, func(ctx context.Context, tx *authorization.Tx, id uuid.UUID) error {
		if err := clearMisses(ctx, tx, id); err != nil {
			return err
		}
		return s.factors.ClearMisses(ctx, tx, id)
	})
}

// changeByEmail is change for the account that has an address, as an operator names it. what
// is put before an error.
func (s *Service) changeByEmail(ctx context.Context, what, email string, verb audit.Verb, work func(context.Context, *authorization.Tx, uuid.UUID) error) error {
	email, err := ParseEmail("email", email)
	if err != nil {
		return err
	}
	a, _, err := s.store.byEmail(ctx, email)
	if err != nil {
		return fmt.Errorf("%s: %w", what, accountNotFound(err))
	}
	err = s.change(ctx, a.ID, verb, func(ctx context.Context, tx *authorization.Tx) error { return work(ctx, tx, a.ID) })
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (s *Service) change(ctx context.Context, id uuid.UUID, verb audit.Verb, work func(context.Context, *authorization.Tx) error) error {
	return s.authorizations.Change(ctx, authorization.Account(id), audit.Event{Verb: verb}, work)
}

// confirm verifies the current password before a change that needs it.
func (s *Service) confirm(ctx context.Context, id uuid.UUID, current string) (Account, error) {
	a, phc, err := s.store.byID(ctx, id)
	if err != nil {
		return Account{}, accountNotFound(err)
	}
	ok, _, err := s.preferred.Verify(ctx, current, phc)
	if err != nil {
		return Account{}, err
	}
	if !ok {
		return Account{}, wrongPassword()
	}
	return a, nil
}

func wrongPassword() error {
	return fault.New(fault.WrongPassword, "The current password is wrong.")
}
