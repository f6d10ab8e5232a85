package authorization_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/authtest"
)

// BenchmarkRefreshAgainstItsStatements refreshes families of as many people.
func BenchmarkRefreshAgainstItsStatements(b *testing.B) {
	sent := &authtest.Statements{}
	a := authtest.On(b, authtest.Stores{Tracer: sent})
	w := worldOf(b, a)
	families := make([]authorization.Issued, b.N)
	for n := range families {
		families[n] = w.letIn(authorization.Request{Subject: authorization.Account(w.newAccount(uuid.NewString() + "@books.test"))})
	}
	w.sql(`CREATE TABLE before AS SELECT hash FROM access_tokens`)
	a.Compare(b, sent, func(ctx context.Context, n int) error {
		_, err := w.Refresh(ctx, authorization.Renewal{Refresh: families[n].Refresh.Reveal(), Client: families[n].Client, TokenLifetime: accessLifetime})
		return err
	}, func() { w.sql(`DELETE FROM access_tokens WHERE hash NOT IN (SELECT hash FROM before)`) })
}
