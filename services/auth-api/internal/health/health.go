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
	"auth.books.test/services/auth-api/internal/access"
)

// deadline of one check. A store that needs longer is as good as down.
const deadline = time.Second

// Report is the state at one moment.
type Report struct {
	AuthDB bool
	// SessionDB says that tokens can be verified.
	SessionDB bool
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

// Checker asks the stores. It is safe for use by several goroutines.
type Checker struct {
	authDB    *sql.DB
	sessionDB SessionDB
	desired   schema.Desired
	seen      atomic.Bool
}

// New makes a Checker.
func New(authDB *sql.DB, sessionDB SessionDB, desired schema.Desired) *Checker {
	return &Checker{authDB: authDB, sessionDB: sessionDB, desired: desired}
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
		status, err := c.desired.Check(ctx, c.authDB)
		if err != nil {
			return
		}
		r.AuthDB, r.Schema = true, status.String()
		if status.Current {
			c.seen.Store(true)
		}
	})
	both.Wait()
	r.SchemaSeen = c.seen.Load()
	return r
}
