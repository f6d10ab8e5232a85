package rest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/bearer"
)

// recentSignIn is the greatest age of a sign-in that may end other sessions (OWASP ASVS
// 5.0, 7.5.2). Somebody who took a token from an unlocked device must not be able to sign
// the owner out everywhere else.
const recentSignIn = 15 * time.Minute

// mayEnd refuses to end another session than the caller's own without a recent sign-in.
func (s *Service) mayEnd(ctx context.Context, c caller, id uuid.UUID) error {
	if id == c.session {
		return nil
	}
	return s.recent(ctx, c)
}

// inPerson refuses an app, and whoever has not signed in a short while ago, for what would
// outlive the session or shows all of an account. app tells the app why.
func (s *Service) inPerson(ctx context.Context, c caller, app string) error {
	if err := ownSession(c, app); err != nil {
		return err
	}
	return s.recent(ctx, c)
}

// ownSession refuses an app. app tells it why.
func ownSession(c caller, app string) error {
	if c.Client != "" {
		return fault.New(fault.SessionRequired, app+" Sign in with POST /v1/sessions, and use that token.")
	}
	return nil
}

func (s *Service) recent(ctx context.Context, c caller) error {
	return s.stepUp(ctx, c, bearer.StepUp{MaxAge: recentSignIn})
}

// stepUp returns the guard's refusal as an error: a nil *bearer.Refusal would be none.
func (s *Service) stepUp(ctx context.Context, c caller, need bearer.StepUp) error {
	if refusal := s.guard.StepUp(ctx, c.Principal, need); refusal != nil {
		return refusal
	}
	return nil
}
