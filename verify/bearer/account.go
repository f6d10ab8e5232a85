package bearer

import (
	"context"

	"auth.books.test/verify"
)

// Account refuses a live token that is a program's own: for what is about a person's
// account. Nil if there is an account.
func (g *Guard) Account(ctx context.Context, who *verify.Principal) *Refusal {
	if who.Kind == verify.KindAccount {
		return nil
	}
	return g.refuse(ctx, g.insufficient("This is about a person's account, and the access token is a program's own.", nil))
}
