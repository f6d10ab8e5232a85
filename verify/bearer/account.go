package bearer

import (
	"context"

	"auth.books.test/verify"
)

// Account refuses a live token that belongs to a program, for requests about a person's
// account. It returns nil if the token belongs to a person.
func (g *Guard) Account(ctx context.Context, who *verify.Principal) *Refusal {
	if who.Kind == verify.KindAccount {
		return nil
	}
	return g.refuse(ctx, g.insufficient("This needs the access token of a person, and this one belongs to a program.", nil))
}
