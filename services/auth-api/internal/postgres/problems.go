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
	// refusedFor is how long a refused connection is reported.
	refusedFor = 10 * time.Second
)

// problems logs each kind of failure once a minute, and remembers whether a connection was
// refused lately: open ones may still work.
type problems struct {
	now func() time.Time
	log *slog.Logger

	mu        sync.Mutex           // guards the fields below
	logged    map[string]time.Time // when each text of connect.Explain was logged last
	refused   string               // why a connection was refused last
	refusedAt time.Time
}

func (p *problems) note(err error) {
	if errors.Is(err, context.Canceled) {
		return // The client is gone.
	}
	problem, now := connect.Explain(err), p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	var failed *pgconn.ConnectError
	if errors.As(err, &failed) {
		p.refused, p.refusedAt = problem, now
	}
	p.logOnce(problem, now, "error", err)
}

// report logs a problem that has not made a statement fail yet.
func (p *problems) report(problem string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.logOnce(problem, p.now())
}

// logOnce logs a problem, unless it was logged in the last minute. The caller holds mu.
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

// latelyRefused says why a connection was refused in the last seconds; empty if none was.
func (p *problems) latelyRefused() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused == "" || p.now().Sub(p.refusedAt) > refusedFor {
		return ""
	}
	return p.refused
}
