// Package schematest gives tests databases with the current schema.
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
	return devtest.PostgresFrom(t, "schema:"+schema.Current().Fingerprint(), apply)
}

// Process starts a Postgres with the current schema that the test may break.
func Process(t testing.TB) *devtest.Process {
	t.Helper()
	p := devtest.PostgresProcess(t)
	if err := apply(p.URL); err != nil {
		t.Fatalf("apply the schema: %v", err)
	}
	return p
}

func apply(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := schema.Current().Apply(ctx, url, schema.Options{})
	return err
}
