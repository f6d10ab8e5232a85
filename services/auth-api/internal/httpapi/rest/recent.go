package rest

import (
	"context"
	"time"

	"github.com/google/uuid"
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
	if refusal := s.guard.Recent(ctx, c.Principal, recentSignIn, s.Now()); refusal != nil {
		return refusal
	}
	return nil
}
