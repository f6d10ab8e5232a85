package bearer

import (
	"context"
	"fmt"
	"time"

	"auth.books.test/verify"
)

// Recent refuses a live token whose person signed in longer ago than maxAge, or has
// never signed in: for what somebody who found an old token must not be able to do.
// The answer is that of RFC 9470, section 3: the client is to have the person sign
// in again. Nil if the sign-in is recent enough.
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
