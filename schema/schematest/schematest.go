// Package schematest gives tests a database with the current schema.
package schematest

import (
	"context"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
)

// Database returns the URL of a database with the current schema that only this test uses.
func Database(t testing.TB) string {
	t.Helper()
	return devtest.PostgresFrom(t, "schema:"+schema.Current().Fingerprint(), func(url string) error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := schema.Current().Apply(ctx, url, schema.Options{})
		return err
	})
}
