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

// Accounts mails the codes with which accounts are made; account.Service implements it.
type Accounts interface {
	RequestRegistration(ctx context.Context, email, language string) (uuid.UUID, error)
}

// Limits reserves registrations; limit.Limiter implements it.
type Limits interface {
	AttemptRegistration(ctx context.Context, from netip.Addr) (*limit.Attempt, error)
}

// Refusals records what was refused; audit.Refusals implements it.
type Refusals interface {
	Note(ctx context.Context, e audit.Event)
}

// Registration lets people ask for accounts.
type Registration struct {
	// Open says whether anybody may.
	Open     bool
	Accounts Accounts
	Limits   Limits
	Refusals Refusals
}

// Request mails a code to the address, with which its owner can make an account: see
// Resets.Join. If the address has an account, the mail says so, and the caller cannot tell.
// Faults: registration_closed, too_many_attempts, and those of
// account.Service.RequestRegistration.
func (r Registration) Request(ctx context.Context, email string) (uuid.UUID, error) {
	if !r.Open {
		return uuid.Nil, fault.New(fault.RegistrationClosed, "Nobody can register here. Ask whoever runs the service for an account.")
	}
	return requestCode(ctx, r.Limits, r.Refusals, audit.RegisterAccount, email, r.Accounts.RequestRegistration)
}

// requestCode mails a code, if the limits admit it. What mails nothing uses none up.
func requestCode(ctx context.Context, limits Limits, refusals Refusals, verb audit.Verb, email string, mails func(ctx context.Context, email, language string) (uuid.UUID, error)) (uuid.UUID, error) {
	ctx = request.WithDisconnect(ctx)
	from, _ := request.Of(ctx)
	attempt, err := limits.AttemptRegistration(ctx, from.IP)
	if err != nil {
		refusals.Note(ctx, audit.Event{Verb: verb, Reason: fault.CodeOf(err)})
		return uuid.Nil, err
	}
	defer attempt.Keep()
	id, err := mails(ctx, email, from.Language)
	if err != nil && fault.CodeOf(err) != fault.TooManyAttempts {
		attempt.GiveBack(ctx)
	}
	return id, err
}
