package signin

import (
	"context"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/limit"
)

// ResetAccounts is what can be done with mailed codes; account.Service implements it.
type ResetAccounts interface {
	RequestReset(ctx context.Context, email, language string) (uuid.UUID, error)
	Reset(ctx context.Context, request uuid.UUID, code, next string) error
	Join(ctx context.Context, request uuid.UUID, code, password string) error
	RequestAddress(ctx context.Context, account uuid.UUID, email, language string) (uuid.UUID, error)
	ChangeAddress(ctx context.Context, account, request uuid.UUID, code string) error
	UndoAddress(ctx context.Context, request uuid.UUID, code, next string) error
}

// ResetLimits reserves requests for codes, and codes that are typed; limit.Limiter
// implements it.
type ResetLimits interface {
	Limits
	AttemptSignIn(ctx context.Context, s limit.SignIn) (*limit.Attempt, error)
}

// Resets lets people set a new password who have lost theirs, and make an account who have
// asked for one or were invited: all by a code that is mailed to them.
type Resets struct {
	// Available says whether it can be offered: the service can send mails.
	Available bool
	Accounts  ResetAccounts
	Limits    ResetLimits
	Refusals  Refusals
}

// Request mails a code. Faults: too_many_attempts, and those of
// account.Service.RequestReset.
func (r Resets) Request(ctx context.Context, email string) (uuid.UUID, error) {
	return requestCode(ctx, r.Limits, r.Refusals, audit.RequestReset, email, r.Accounts.RequestReset)
}

// Confirm sets the new password. A wrong code counts as a wrong password from the address.
// Faults: too_many_attempts, and those of account.Service.Reset.
func (r Resets) Confirm(ctx context.Context, id uuid.UUID, code, next string) error {
	return r.typed(ctx, audit.ResetPassword, func(ctx context.Context) error { return r.Accounts.Reset(ctx, id, code, next) })
}

// Join makes the account of somebody who has asked for one or was invited. A wrong code counts as with Confirm.
// Faults: too_many_attempts, and those of account.Service.Join.
func (r Resets) Join(ctx context.Context, id uuid.UUID, code, password string) error {
	return r.typed(ctx, audit.RegisterAccount, func(ctx context.Context) error { return r.Accounts.Join(ctx, id, code, password) })
}

// RequestAddress mails a code to another address for an account. Faults: those of Request and
// of account.Service.RequestAddress.
func (r Resets) RequestAddress(ctx context.Context, account uuid.UUID, email string) (uuid.UUID, error) {
	return requestCode(ctx, r.Limits, r.Refusals, audit.RequestAddress, email, func(ctx context.Context, email, language string) (uuid.UUID, error) {
		return r.Accounts.RequestAddress(ctx, account, email, language)
	})
}

// ChangeAddress sets the address. A wrong code counts as with Confirm. Faults:
// too_many_attempts, and those of account.Service.ChangeAddress.
func (r Resets) ChangeAddress(ctx context.Context, account, id uuid.UUID, code string) error {
	return r.typed(ctx, audit.ChangeAddress, func(ctx context.Context) error { return r.Accounts.ChangeAddress(ctx, account, id, code) })
}

// UndoAddress sets the address from before. A wrong code counts as with Confirm. Faults:
// too_many_attempts, and those of account.Service.UndoAddress.
func (r Resets) UndoAddress(ctx context.Context, id uuid.UUID, code, next string) error {
	return r.typed(ctx, audit.UndoAddress, func(ctx context.Context) error { return r.Accounts.UndoAddress(ctx, id, code, next) })
}

// typed does what a typed code is for.
func (r Resets) typed(ctx context.Context, verb audit.Verb, do func(ctx context.Context) error) error {
	ctx = request.WithDisconnect(ctx)
	from, _ := request.Of(ctx)
	attempt, err := r.Limits.AttemptSignIn(ctx, limit.SignIn{From: from.IP})
	if err == nil {
		defer attempt.Keep()
		err = do(ctx)
		if fault.CodeOf(err) != fault.InvalidCode {
			attempt.GiveBack(ctx)
		}
	}
	switch c := fault.CodeOf(err); c {
	case fault.InvalidCode, fault.TooManyAttempts, fault.AccountDisabled:
		r.Refusals.Note(ctx, audit.Event{Verb: verb, Reason: c})
	}
	return err
}
