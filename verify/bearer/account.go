package bearer

import (
	"context"

	"auth.books.test/verify"
)

// Scopes refuses a live token that lacks one of the scopes, for handlers that learn only
// later which ones they need. It returns nil if the token has them.
func (g *Guard) Scopes(ctx context.Context, who *verify.Principal, scopes ...string) *Refusal {
	refusal := g.lacking(who, scopes)
	if refusal == nil {
		return nil
	}
	return g.refuse(ctx, refusal)
}

// Account refuses a live token that belongs to a program, for requests about a person's
// account. It returns nil if the token belongs to a person.
func (g *Guard) Account(ctx context.Context, who *verify.Principal) *Refusal {
	if who.Kind == verify.KindAccount {
		return nil
	}
	return g.refuse(ctx, g.insufficient("This needs the access token of a person, and this one belongs to a program.", nil))
}
