package devtest

import (
	"context"
	"fmt"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack"
)

// PgBouncer starts a pooler for the Postgres at a URL, with the pool mode "session" or
// "transaction", and returns the URL of the pooler.
func PgBouncer(t testing.TB, postgresURL, mode string) string {
	t.Helper()
	port := freePorts(t, 1)[0]
	p, err := devstack.RunPgBouncer(t.TempDir(), postgresURL, mode, port)
	need(t, err)
	t.Cleanup(func() { _ = p.Stop(syscall.SIGINT) })
	u, err := url.Parse(postgresURL)
	must(t, err)
	u.Host = fmt.Sprintf("127.0.0.1:%d", port)
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	Eventually(t, "pgbouncer answers", func() bool {
		c, err := pgx.Connect(ctx, u.String())
		if err != nil {
			return false
		}
		return c.Close(ctx) == nil
	})
	return u.String()
}
