package devtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const sqlWait = time.Minute

// templates are prepared databases, by key.
type templates struct {
	mu     sync.Mutex // guards byName
	byName map[string]string
}

// Postgres returns the URL of an empty database that only this test uses.
func Postgres(t testing.TB) string {
	t.Helper()
	s, err := shared.startPostgres()
	need(t, err)
	return create(t, s.URL, "template0")
}

// PostgresFrom returns the URL of a database that prepare has filled and that only this test
// uses. prepare runs once for each key and test binary; each test gets a copy.
func PostgresFrom(t testing.TB, key string, prepare func(url string) error) string {
	t.Helper()
	s, err := shared.startPostgres()
	need(t, err)
	shared.templates.mu.Lock()
	defer shared.templates.mu.Unlock()
	template, prepared := shared.templates.byName[key]
	if !prepared {
		template = newName()
		execute(t, s.URL, "CREATE DATABASE "+template+" TEMPLATE template0")
		u, err := withPath(s.URL, template)
		if err == nil {
			err = prepare(u)
		}
		if err != nil {
			t.Fatalf("prepare a database (%s): %v", key, err)
		}
		if shared.templates.byName == nil {
			shared.templates.byName = map[string]string{}
		}
		shared.templates.byName[key] = template
	}
	return create(t, s.URL, template)
}

func create(t testing.TB, admin, template string) string {
	t.Helper()
	name := newName()
	execute(t, admin, "CREATE DATABASE "+name+" TEMPLATE "+template)
	t.Cleanup(func() { execute(t, admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := withPath(admin, name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func execute(t testing.TB, url, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), sqlWait)
	defer cancel()
	err := func() error {
		c, err := pgx.Connect(ctx, url)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		defer c.Close(ctx)
		_, err = c.Exec(ctx, statement)
		return err
	}()
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func newName() string { return "test_" + strings.ToLower(rand.Text()[:16]) }
