package signin

import (
	"context"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
)

// FactorService turns a second factor on; factor.Service implements it.
type FactorService interface {
	Confirm(ctx context.Context, account, keep uuid.UUID, code string) (recovery []string, err error)
}

// Factors turns second factors on for people in a session.
type Factors struct {
	Service  FactorService
	Limits   PasswordLimits
	Refusals Refusals
}

// Confirm takes the first code of an authenticator app. A wrong one counts as a wrong password
// of the session. Faults: too_many_attempts, and those of factor.Service.Confirm.
func (f Factors) Confirm(ctx context.Context, account, session uuid.UUID, code string) ([]string, error) {
	ctx = request.WithDisconnect(ctx)
	from, _ := request.Of(ctx)
	attempt, err := f.Limits.AttemptPassword(ctx, from.IP, session)
	if err != nil {
		f.Refusals.Note(ctx, audit.Event{Verb: audit.AddFactor, Subject: audit.AccountOf(account), Reason: fault.CodeOf(err)})
		return nil, err
	}
	defer attempt.Keep()
	recovery, err := f.Service.Confirm(ctx, account, session, code)
	if fault.CodeOf(err) != fault.InvalidCode {
		attempt.GiveBack(ctx)
	} else {
		f.Refusals.Note(ctx, audit.Event{Verb: audit.AddFactor, Subject: audit.AccountOf(account), Reason: fault.InvalidCode})
	}
	return recovery, err
}
