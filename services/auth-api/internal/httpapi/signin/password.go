package signin

import (
	"context"
	"net/netip"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/limit"
)

// PasswordAccounts does what needs the current password; account.Service implements it.
type PasswordAccounts interface {
	ChangePassword(ctx context.Context, id, keep uuid.UUID, current, next string) error
	Delete(ctx context.Context, id uuid.UUID, current string) error
}

// PasswordLimits reserves checks of the current password; limit.Limiter implements it.
type PasswordLimits interface {
	AttemptPassword(ctx context.Context, from netip.Addr, session uuid.UUID) (*limit.Attempt, error)
}

// Passwords does for people in a session what needs their current password.
type Passwords struct {
	Accounts PasswordAccounts
	Limits   PasswordLimits
	Refusals Refusals
}

// Change sets a new password and ends all other sessions. Faults: too_many_attempts, and
// those of account.Service.ChangePassword.
func (p Passwords) Change(ctx context.Context, account, session uuid.UUID, current, next string) error {
	return p.limited(ctx, account, session, audit.ChangePassword, func(ctx context.Context) error {
		return p.Accounts.ChangePassword(ctx, account, session, current, next)
	})
}

// Delete deletes the account. Faults: too_many_attempts, and those of account.Service.Delete.
func (p Passwords) Delete(ctx context.Context, account, session uuid.UUID, current string) error {
	return p.limited(ctx, account, session, audit.DeleteAccount, func(ctx context.Context) error {
		return p.Accounts.Delete(ctx, account, current)
	})
}

// limited calls what checks the current password, if the limits admit it. The limit is the
// session's: somebody who has taken a token can guess only so often, and keeps nobody out of
// another session.
func (p Passwords) limited(ctx context.Context, account, session uuid.UUID, verb audit.Verb, do func(context.Context) error) error {
	ctx = request.WithDisconnect(ctx)
	from, _ := request.Of(ctx)
	attempt, err := p.Limits.AttemptPassword(ctx, from.IP, session)
	if err != nil {
		p.Refusals.Note(ctx, audit.Event{Verb: verb, Subject: audit.AccountOf(account), Reason: fault.CodeOf(err)})
		return err
	}
	defer attempt.Keep()
	err = do(ctx)
	if fault.CodeOf(err) != fault.WrongPassword {
		attempt.GiveBack(ctx)
	} else {
		p.Refusals.Note(ctx, audit.Event{Verb: verb, Subject: audit.AccountOf(account), Reason: fault.WrongPassword})
	}
	return err
}
