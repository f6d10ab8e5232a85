package bearer

import (
	"context"
	"fmt"
	"time"

	"auth.books.test/verify"
)

// Recent refuses a live token whose person signed in longer ago than maxAge, or never
// signed in. It protects requests that a stolen older token must not allow. The refusal
// asks the client to let the person sign in again (RFC 9470, section 3). Recent returns
// nil if the sign-in is recent enough.
func (g *Guard) Recent(ctx context.Context, who *verify.Principal, maxAge time.Duration, now time.Time) *Refusal {
	if !who.AuthenticatedAt.IsZero() && now.Sub(who.AuthenticatedAt) <= maxAge {
		return nil
	}
	return g.refuse(ctx, &Refusal{
		Status: InsufficientUserAuthentication.Status(), Code: InsufficientUserAuthentication,
		Detail:    fmt.Sprintf("This needs a sign-in of the last %v. Sign in again, and use the new access token.", maxAge),
		Challenge: fmt.Sprintf("%s, max_age=%q", g.challenge("insufficient_user_authentication"), fmt.Sprint(int(maxAge.Seconds()))),
	})
}
