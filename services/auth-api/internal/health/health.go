// Package health checks what the service depends on: whether its stores answer, and
// whether the schema has what this program needs.
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
	"auth.books.test/services/auth-api/internal/postgres"
)

// deadline bounds one check. A store that needs longer counts as down.
const deadline = time.Second

// Report is the state at one moment.
type Report struct {
	AuthDB bool
	// SessionDB says that tokens can be verified.
	SessionDB bool
	// AuthDBProblem says why transactions in the auth database do not work, or, if AuthDB
	// is true, why it accepts no new connections. It holds nothing confidential.
	AuthDBProblem string
	// SessionProblem says what is wrong with Redis, whether or not it is down.
	SessionProblem string
	// Schema is "current", "unknown" (the database did not answer), or what is missing.
	Schema string
	// SchemaSeen says that the schema was current at least once since the start.
	SchemaSeen bool
}

// SessionDB checks Redis; *access.Store implements it.
type SessionDB interface {
	Check(ctx context.Context) access.Condition
}

// AuthDB checks whether transactions work; *postgres.DB implements it.
type AuthDB interface {
	Check(ctx context.Context, needs postgres.Needs) (problem string)
	Refused() string
	SQL() *sql.DB
}

// Checker checks the stores. It is safe for use by several goroutines.
type Checker struct {
	authDB    AuthDB
	sql       *sql.DB // of authDB
	sessionDB SessionDB
	desired   schema.Desired
	needs     postgres.Needs // of desired
	seen      atomic.Bool
}

// New makes a Checker.
func New(authDB AuthDB, sessionDB SessionDB, desired schema.Desired) *Checker {
	return &Checker{authDB: authDB, sql: authDB.SQL(), sessionDB: sessionDB, desired: desired, needs: postgres.Needs{Columns: desired.Columns(), Rights: desired.Rights()}}
}

// Check checks both stores at once.
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
		if r.AuthDBProblem = c.authDB.Check(ctx, c.needs); r.AuthDBProblem != "" {
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
