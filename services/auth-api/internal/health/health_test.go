package health_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/health"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// checked is a Checker whose stores can be cut off.
type checked struct {
	*health.Checker
	*authtest.World
	t               *testing.T
	postgres, redis *devtest.Proxy
}

func newChecked(t *testing.T, postgresURL string) checked {
	t.Helper()
	postgres, redis := devtest.NewProxy(t, postgresURL), devtest.NewProxy(t, devtest.Redis(t))
	w := authtest.On(t, authtest.Stores{Postgres: postgres.URL, Redis: redis.URL})
	return checked{health.New(w.Store, w.Records, schema.Current()), w, t, postgres, redis}
}

// eventually checks until the report is as wanted: after a store was cut off, the first
// connections of a pool may be broken.
func (c checked) eventually(what string, holds func(health.Report) bool) {
	c.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		got := c.Check(c.t.Context())
		if holds(got) {
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("%s: got %+v", what, got)
		}
	}
}

func well(r health.Report) bool {
	return r == health.Report{AuthDB: true, SessionDB: true, Schema: "current", SchemaSeen: true}
}

func TestReportNamesTheStoreThatIsDown(t *testing.T) {
	t.Parallel()
	c := newChecked(t, schematest.Database(t))
	c.eventually("both are up", well)

	c.redis.Cut()
	got := c.Check(t.Context())
	if !got.AuthDB || got.SessionDB || !strings.Contains(got.SessionProblem, "Redis does not answer") || got.AuthDBProblem != "" || got.Schema != "current" {
		t.Errorf("without Redis: %+v", got)
	}
	c.redis.Restore()
	c.eventually("Redis is back", well)

	c.postgres.Cut()
	got = c.Check(t.Context())
	if got.AuthDB || !got.SessionDB || got.AuthDBProblem == "" || got.SessionProblem != "" || got.Schema != "unknown" || !got.SchemaSeen {
		t.Errorf("without Postgres: %+v", got)
	}
	c.redis.Cut()
	if got = c.Check(t.Context()); got.AuthDB || got.SessionDB || got.AuthDBProblem == "" || got.SessionProblem == "" {
		t.Errorf("without either: %+v", got)
	}
	c.postgres.Restore()
	c.redis.Restore()
	// Postgres refused connections a moment ago, which stays in the report for some seconds.
	c.eventually("both are back", func(r health.Report) bool {
		return r.AuthDB && r.SessionDB && r.SessionProblem == "" && r.Schema == "current" && r.SchemaSeen
	})
}

// A store that does not answer counts as down, and does not delay the check.
func TestAStoreThatDoesNotAnswerIsDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stall func(checked)
		up    func(health.Report) bool
	}{
		"Postgres": {func(c checked) { c.postgres.Stall() }, func(r health.Report) bool { return !r.AuthDB && r.SessionDB && r.AuthDBProblem != "" }},
		"Redis":    {func(c checked) { c.redis.Stall() }, func(r health.Report) bool { return r.AuthDB && !r.SessionDB && r.SessionProblem != "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newChecked(t, schematest.Database(t))
			w.eventually("both are up", well)
			c.stall(w)
			// The store's own timeout is five seconds; that of a check is less.
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			if got := w.Check(ctx); !c.up(got) {
				t.Errorf("got %+v", got)
			}
			if ctx.Err() != nil {
				t.Error("the check took longer than its own deadline")
			}
			// pgx waits for up to 15 s when it closes a connection whose query was given up.
			w.postgres.Cut()
		})
	}
}

func TestReportNamesWhatTheSchemaLacks(t *testing.T) {
	t.Parallel()
	url := devtest.Postgres(t)
	c := newChecked(t, url)
	got := c.Check(t.Context())
	if !got.AuthDB || got.AuthDBProblem != "" || !strings.Contains(got.Schema, "missing") || !strings.Contains(got.Schema, "table accounts") || got.SchemaSeen {
		t.Errorf("of an empty database: %+v", got)
	}
	if _, err := schema.Current().Apply(t.Context(), url, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := c.Check(t.Context()); !well(got) {
		t.Errorf("after it was applied: %+v", got)
	}
	// A service that has worked before goes on, and reports what is missing.
	c.SQL(`ALTER TABLE sessions DROP COLUMN device; UPDATE schema_state SET fingerprint = 'older'`)
	if got := c.Check(t.Context()); !got.AuthDB || !strings.Contains(got.Schema, "column sessions.device") || !got.SchemaSeen {
		t.Errorf("after a column was dropped: %+v", got)
	}
}

func TestATableThatCannotBeWrittenIsAProblem(t *testing.T) {
	t.Parallel()
	c := newChecked(t, schematest.Database(t))
	c.SQL(`ALTER TABLE accounts ADD COLUMN phone text NOT NULL`)
	if got := c.Check(t.Context()); got.AuthDB || !strings.Contains(got.AuthDBProblem, "accounts.phone") || got.Schema != "unknown" || got.SchemaSeen {
		t.Errorf("got %+v", got)
	}
}
