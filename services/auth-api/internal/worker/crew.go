package worker

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/password"
)

const (
	// respite is for how long no worker gives way after one was overdue.
	respite = 5 * time.Second
	// tries are for one who is overdue, one who is lost, and one who does it.
	tries = 3
	// retryAfter is what a caller is told for whom no worker could be had.
	retryAfter = 2 * time.Second
)

// Options are the parts of a Crew.
type Options struct {
	// Command starts a worker, which calls Serve; it is given the Rank as its
	// last argument.
	Command []string
	Log     *slog.Logger
	Now     func() time.Time
}

// Crew are the workers. One that has done its work is kept for the next.
type Crew struct {
	options Options

	mu       sync.Mutex
	resting  []*process
	ordinary time.Time // until then nobody gives way
	closed   bool
	stats    Stats

	alone sync.Once // is said
}

// Stats are the gauges and counters of a Crew.
type Stats struct {
	// Workers is how many there are.
	Workers int
	// Overdue counts hashes for which a worker that gives way had no processor in
	// time, Lost those whose worker ended under them, Alone those that ran in this
	// process since no worker could be started.
	Overdue, Lost, Alone uint64
}

// New makes a Crew without workers: they are started when they are needed.
func New(o Options) *Crew { return &Crew{options: o} }

// Derive does the work in a worker. Callers bound how many there are at once.
// Where no worker can be started, it is done here. Error: a fault of code busy
// if workers end or take too long.
func (c *Crew) Derive(w password.Work) (key []byte, err error) {
	rank := c.rank()
	for range tries {
		key, err = c.try(w, rank)
		switch {
		case err == nil:
			return key, nil
		case errors.Is(err, errNoWorker):
			return c.here(w, err)
		case errors.Is(err, errOverdue) && rank == GivesWay:
			c.endure()
			rank = Ordinary
		case errors.Is(err, errOverdue):
			return nil, unable(err)
		default:
			// Whoever ended it may have ended all that rest.
			c.Rest()
		}
	}
	return nil, unable(err)
}

func unable(cause error) error {
	busy := fault.Wrap(fault.Busy, "No password can be checked at the moment. Try again shortly.", fmt.Errorf("hash a password: %w", cause))
	busy.RetryAfter = retryAfter
	return busy
}

func (c *Crew) try(w password.Work, rank Rank) ([]byte, error) {
	p, err := c.take(rank)
	if err != nil {
		c.failed(err)
		return nil, err
	}
	key, err := p.derive(w, rank.allows(w))
	if err != nil {
		p.kill()
		c.leave(p)
		c.failed(err)
		return nil, err
	}
	c.rest(p)
	return key, nil
}

// take gives a resting worker of the rank or starts one, and ends those of
// another rank on the way.
func (c *Crew) take(rank Rank) (*process, error) {
	c.mu.Lock()
	for len(c.resting) > 0 {
		p := c.resting[len(c.resting)-1]
		c.resting = c.resting[:len(c.resting)-1]
		if p.rank == rank {
			c.mu.Unlock()
			return p, nil
		}
		c.dismiss(p)
	}
	c.mu.Unlock()
	// It takes less than a hash of the least costs.
	p, err := start(c.options.Command, rank, rank.allows(password.Work{}))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Workers++
	return p, nil
}

// rest keeps a worker for the next.
func (c *Crew) rest(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		c.dismiss(p)
		return
	}
	c.resting = append(c.resting, p)
}

// dismiss needs the lock.
func (c *Crew) dismiss(p *process) {
	c.stats.Workers--
	p.end()
}

func (c *Crew) leave(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dismiss(p)
}

func (c *Crew) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errors.Is(err, errOverdue):
		c.stats.Overdue++
	case errors.Is(err, errNoWorker):
		c.stats.Alone++
	default:
		c.stats.Lost++
	}
}

func (c *Crew) rank() Rank {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.options.Now().Before(c.ordinary) {
		return Ordinary
	}
	return GivesWay
}

// endure has nobody give way for a while.
func (c *Crew) endure() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ordinary = c.options.Now().Add(respite)
}

// here does the work in this process, and says so once.
func (c *Crew) here(w password.Work, why error) ([]byte, error) {
	c.alone.Do(func() {
		c.options.Log.Warn("passwords are hashed in this process, where verification waits for them", "err", why)
	})
	return password.Argon2id(w)
}

// Rest ends the workers that have nothing to do.
func (c *Crew) Rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.resting {
		c.dismiss(p)
	}
	c.resting = nil
}

// Close is Rest for good: whoever works yet ends after it.
func (c *Crew) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.Rest()
}

// Stats reads the gauges and counters.
func (c *Crew) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}
