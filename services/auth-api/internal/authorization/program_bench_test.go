package authorization_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authtest"
)

// programs is how many clients draw tokens at the same time. Those of one client wait for
// each other, in Postgres too.
const programs = 64

// BenchmarkClientCredentialsAgainstTheirStatements draws tokens of clients, which each have
// many.
func BenchmarkClientCredentialsAgainstTheirStatements(b *testing.B) {
	sent := &authtest.Statements{}
	a := authtest.On(b, authtest.Stores{Tracer: sent})
	w := worldOf(b, a)
	clients := make([]uuid.UUID, programs)
	for n := range clients {
		clients[n] = w.programOf(fmt.Sprintf("api%d", n), "read", "write")
		w.draw(drawing(clients[n])) // which makes what all others hang on
	}
	w.sql(`CREATE TABLE before AS SELECT hash FROM access_tokens`)
	a.Compare(b, sent, func(ctx context.Context, n int) error {
		_, err := w.Draw(ctx, drawing(clients[n%programs]))
		return err
	}, func() { w.sql(`DELETE FROM access_tokens WHERE hash NOT IN (SELECT hash FROM before)`) })
}
