package postgres

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"auth.books.test/schema/connect"
)

const (
	// repeatAfter is how often the same problem is logged while it lasts.
	repeatAfter = time.Minute
	// refusedFor is how long it counts that a connection was refused.
	refusedFor = 10 * time.Second
)

// problems logs each kind of failure once a minute, and knows whether
// connections were refused lately: those that are open may still work.
type problems struct {
	now func() time.Time
	log *slog.Logger

	mu      sync.Mutex
	logged  map[string]time.Time // by what connect.Explain says
	refused string
	at      time.Time // of refused
}

func (p *problems) note(err error) {
	if errors.Is(err, context.Canceled) {
		return // The caller has left.
	}
	problem, now := connect.Explain(err), p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	var failed *pgconn.ConnectError
	if errors.As(err, &failed) {
		p.refused, p.at = problem, now
	}
	p.logOnce(problem, now, "error", err)
}

// report logs what no statement has failed of yet.
func (p *problems) report(problem string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.logOnce(problem, p.now())
}

// logOnce expects mu to be held.
func (p *problems) logOnce(problem string, now time.Time, more ...any) {
	if last, found := p.logged[problem]; found && now.Sub(last) < repeatAfter {
		return
	}
	if p.logged == nil {
		p.logged = map[string]time.Time{}
	}
	p.logged[problem] = now
	p.log.Warn("the auth database fails", append([]any{"problem", problem}, more...)...)
}

// latelyRefused says why a connection was refused in the last seconds; empty if
// none was.
func (p *problems) latelyRefused() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused == "" || p.now().Sub(p.at) > refusedFor {
		return ""
	}
	return p.refused
}
