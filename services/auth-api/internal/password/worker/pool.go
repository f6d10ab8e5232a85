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
	// cooldown is how long after a timeout all workers have normal priority.
	cooldown = 5 * time.Second
	// maxAttempts allows one timeout and one crashed worker before the attempt that
	// succeeds.
	maxAttempts = 3
	// retryAfter is the Retry-After of a sign-in whose password no worker could hash.
	retryAfter = 2 * time.Second
)

// Options are the parts of a Pool.
type Options struct {
	// Command starts a worker, which calls Serve. Its last argument is the Priority.
	Command []string
	Log     *slog.Logger
	Now     func() time.Time
}

// Pool starts workers, hands them work, and keeps those that have finished for the
// next hash.
type Pool struct {
	options Options

	mu          sync.Mutex // guards the fields below
	free        []*process
	normalUntil time.Time // no worker has idle priority before
	closed      bool
	stats       Stats

	warnOnce sync.Once
}

// Stats are the gauges and counters of a Pool.
type Stats struct {
	// Workers is how many processes there are.
	Workers int
	// TimedOut counts hashes that a worker did not finish before its deadline, Crashed
	// those whose worker ended or answered nonsense, InProcess those that ran in this
	// process because no worker could be started.
	TimedOut, Crashed, InProcess uint64
}

// New makes a Pool without workers: they are started when they are needed.
func New(o Options) *Pool { return &Pool{options: o} }

// Derive hashes in a worker, or in this process if no worker can be started. It does
// not limit how many hashes run at once: the caller does. Error: a fault of code busy
// if workers crash or time out.
func (p *Pool) Derive(w password.Work) (key []byte, err error) {
	priority := p.priority()
	for range maxAttempts {
		key, err = p.attempt(w, priority)
		switch {
		case err == nil:
			return key, nil
		case errors.Is(err, errNoWorker):
			return p.deriveInProcess(w, err)
		case errors.Is(err, errTimeout) && priority == Idle:
			p.startCooldown()
			priority = Normal
		case errors.Is(err, errTimeout):
			return nil, unable(err)
		default:
			// What ended this worker may have ended the free ones as well.
			p.Release()
		}
	}
	return nil, unable(err)
}

func unable(cause error) error {
	busy := fault.Wrap(fault.Busy, "No password can be checked at the moment. Try again shortly.", fmt.Errorf("hash a password: %w", cause))
	busy.RetryAfter = retryAfter
	return busy
}

func (p *Pool) attempt(w password.Work, priority Priority) ([]byte, error) {
	worker, err := p.acquire(priority)
	if err != nil {
		p.countFailure(err)
		return nil, err
	}
	key, err := worker.derive(w, priority.deadline(w))
	if err != nil {
		worker.kill()
		p.discard(worker)
		p.countFailure(err)
		return nil, err
	}
	p.put(worker)
	return key, nil
}

// acquire returns a free worker with the priority, or starts one. It ends the free
// workers with the other priority that it meets.
func (p *Pool) acquire(priority Priority) (*process, error) {
	p.mu.Lock()
	for len(p.free) > 0 {
		worker := p.free[len(p.free)-1]
		p.free = p.free[:len(p.free)-1]
		if worker.priority == priority {
			p.mu.Unlock()
			return worker, nil
		}
		p.end(worker)
	}
	p.mu.Unlock()
	// A start takes less time than a hash with minimum cost.
	worker, err := start(p.options.Command, priority, priority.deadline(password.Work{}))
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Workers++
	return worker, nil
}

// put makes a worker free for the next hash.
func (p *Pool) put(worker *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.end(worker)
		return
	}
	p.free = append(p.free, worker)
}

// end requires p.mu.
func (p *Pool) end(worker *process) {
	p.stats.Workers--
	worker.end()
}

func (p *Pool) discard(worker *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end(worker)
}

func (p *Pool) countFailure(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case errors.Is(err, errTimeout):
		p.stats.TimedOut++
	case errors.Is(err, errNoWorker):
		p.stats.InProcess++
	default:
		p.stats.Crashed++
	}
}

func (p *Pool) priority() Priority {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.options.Now().Before(p.normalUntil) {
		return Normal
	}
	return Idle
}

// startCooldown gives workers normal priority for a while.
func (p *Pool) startCooldown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.normalUntil = p.options.Now().Add(cooldown)
}

// deriveInProcess hashes without a worker. The first call logs the reason.
func (p *Pool) deriveInProcess(w password.Work, reason error) ([]byte, error) {
	p.warnOnce.Do(func() {
		p.options.Log.Warn("passwords are hashed in this process, which delays verification", "err", reason)
	})
	return password.InProcess(w)
}

// Release ends the free workers, so that their memory is freed.
func (p *Pool) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, worker := range p.free {
		p.end(worker)
	}
	p.free = nil
}

// Close ends the free workers. A worker that is still hashing ends when it is done.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Release()
}

// Stats returns the gauges and counters.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}
