package bearer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"auth.books.test/verify"
)

// StepUp is how a person must have signed in for requests that an old token, or one that was
// obtained with a stolen password, must not allow (RFC 9470). The zero value asks for nothing.
type StepUp struct {
	// MaxAge is how long ago the sign-in may be, in full seconds; zero for any time.
	MaxAge time.Duration
	// MultiFactor asks for a sign-in with more than one factor.
	MultiFactor bool
}

// With returns a guard that also asks for the step-up, at all of its doors. Programs never
// meet one: nobody has signed in.
func (g *Guard) With(need StepUp) *Guard {
	o := g.o
	o.StepUp = need
	return &Guard{o: o}
}

// StepUp refuses a live token whose person has not signed in as needed. The refusal tells the
// client how to let the person sign in (RFC 9470, section 3). StepUp returns nil if the
// sign-in suffices.
func (g *Guard) StepUp(ctx context.Context, who *verify.Principal, need StepUp) *Refusal {
	if refusal := g.tooWeak(who, need); refusal != nil {
		return g.refuse(ctx, refusal)
	}
	return nil
}

// tooWeak returns the refusal of a live token whose person has not signed in as needed.
func (g *Guard) tooWeak(who *verify.Principal, need StepUp) *Refusal {
	old := need.MaxAge > 0 && (who.AuthenticatedAt.IsZero() || g.o.Now().Sub(who.AuthenticatedAt) > need.MaxAge)
	if !old && (!need.MultiFactor || verify.IsMultiFactor(who.AuthenticatedBy)) {
		return nil
	}
	words, challenge := []string{"This needs a sign-in"}, g.challenge(string(InsufficientUserAuthentication))
	if need.MultiFactor {
		words, challenge = append(words, "with a second factor"), challenge+fmt.Sprintf(", acr_values=%q", verify.ACRMultiFactor)
	}
	if need.MaxAge > 0 {
		words, challenge = append(words, "of the last "+need.MaxAge.String()), challenge+fmt.Sprintf(`, max_age="%d"`, need.MaxAge/time.Second)
	}
	return &Refusal{
		Status: InsufficientUserAuthentication.Status(), Code: InsufficientUserAuthentication,
		Detail: strings.Join(words, " ") + ". Sign in again, and use the new access token.", Challenge: challenge,
	}
}
