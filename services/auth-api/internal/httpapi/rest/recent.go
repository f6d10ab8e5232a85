package rest

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// recentSignIn is how old a sign-in may be that ends other sessions (OWASP ASVS
// 5.0, 7.5.2). Somebody who took a token from a device that was left open must
// not be able to sign the owner out everywhere else.
const recentSignIn = 15 * time.Minute

// mayEnd says whether the caller may end the session: its own always, another
// after a recent sign-in.
func (s *Service) mayEnd(ctx context.Context, c caller, id uuid.UUID) error {
	if id == c.session {
		return nil
	}
	if refusal := s.guard.Recent(ctx, c.Principal, recentSignIn, s.Now()); refusal != nil {
		return refusal
	}
	return nil
}
