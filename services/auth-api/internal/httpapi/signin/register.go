package signin

import (
	"context"
	"net/netip"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/limit"
)

// Accounts makes accounts; account.Service implements it.
type Accounts interface {
	Register(ctx context.Context, email, password string) error
}

// Limits reserves registrations; limit.Limiter implements it.
type Limits interface {
	AttemptRegistration(ctx context.Context, from netip.Addr) (*limit.Attempt, error)
}

// Refusals records what was refused; audit.Refusals implements it.
type Refusals interface {
	Note(ctx context.Context, e audit.Event)
}

// Registration lets people make accounts for themselves.
type Registration struct {
	// Open says whether anybody may.
	Open     bool
	Accounts Accounts
	Limits   Limits
	Refusals Refusals
}

// Register makes an account, unless the address has one: the caller cannot tell. Faults:
// registration_closed, too_many_attempts, and those of account.Service.Register.
func (r Registration) Register(ctx context.Context, email, password string) error {
	if !r.Open {
		return fault.New(fault.RegistrationClosed, "Nobody can register here. Ask whoever runs the service for an account.")
	}
	ctx = request.WithDisconnect(ctx)
	from, _ := request.Of(ctx)
	attempt, err := r.Limits.AttemptRegistration(ctx, from.IP)
	if err != nil {
		r.Refusals.Note(ctx, audit.Event{Verb: audit.RegisterAccount, Reason: fault.CodeOf(err)})
		return err
	}
	defer attempt.Keep()
	if err := r.Accounts.Register(ctx, email, password); err != nil {
		attempt.GiveBack(ctx)
		return err
	}
	return nil
}
