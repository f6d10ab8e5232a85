// Package health tells what the service stands on: whether its stores answer,
// and whether the schema has what this binary needs.
package health

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"

	"auth.books.test/schema"
	"auth.books.test/schema/connect"
	"auth.books.test/services/auth-api/internal/access"
)

// deadline of one check. A store that needs longer is as good as down.
const deadline = time.Second

// Report is the state at one moment.
type Report struct {
	AuthDB bool
	// SessionDB says that tokens can be verified.
	SessionDB bool
	// AuthDBProblem says what keeps transactions of the auth database from working,
	// or, if AuthDB is true, why it accepts no new connections. It may be shown to
	// anybody.
	AuthDBProblem string
	// SessionProblem says what is wrong with Redis, whether or not it is down.
	SessionProblem string
	// Schema is "current", "unknown" (it could not be asked), or what is missing.
	Schema string
	// SchemaSeen says that the schema was current at least once since the start.
	SchemaSeen bool
}

// SessionDB is asked how well Redis serves.
type SessionDB interface {
	Check(ctx context.Context) access.Condition
}

// AuthDB is asked whether transactions work; *postgres.DB does it.
type AuthDB interface {
	Check(ctx context.Context, columns map[string][]string) (problem string)
	Refused() string
	SQL() *sql.DB
}

// Checker asks the stores. It is safe for use by several goroutines.
type Checker struct {
	authDB    AuthDB
	sql       *sql.DB // of authDB
	sessionDB SessionDB
	desired   schema.Desired
	columns   map[string][]string // of desired, by table
	seen      atomic.Bool
}

// New makes a Checker.
func New(authDB AuthDB, sessionDB SessionDB, desired schema.Desired) *Checker {
	return &Checker{authDB: authDB, sql: authDB.SQL(), sessionDB: sessionDB, desired: desired, columns: desired.Columns()}
}

// Check asks both stores at once.
func (c *Checker) Check(ctx context.Context) Report {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	r := Report{Schema: "unknown"}
	var both sync.WaitGroup
	both.Go(func() {
		session := c.sessionDB.Check(ctx)
		r.SessionDB, r.SessionProblem = !session.Down, session.Problem
	})
	both.Go(func() {
		if r.AuthDBProblem = c.authDB.Check(ctx, c.columns); r.AuthDBProblem != "" {
			return
		}
		status, err := c.desired.Check(ctx, c.sql)
		if err != nil {
			r.AuthDBProblem = connect.Explain(err)
			return
		}
		r.AuthDB, r.AuthDBProblem, r.Schema = true, c.authDB.Refused(), status.String()
		if status.Current {
			c.seen.Store(true)
		}
	})
	both.Wait()
	r.SchemaSeen = c.seen.Load()
	return r
}
