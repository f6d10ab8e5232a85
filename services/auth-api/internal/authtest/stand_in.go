package authtest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/password"
)

// Clock is the time of a World. Redis's own clock does not move with it.
type Clock struct{ offset atomic.Int64 }

// Now is the time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// Move sets the clock forward.
func (c *Clock) Move(by time.Duration) { c.offset.Add(int64(by)) }

// Hashes derives keys at the least costs that argon2id can have, whatever is asked for,
// and counts.
type Hashes struct{ count atomic.Int64 }

func (h *Hashes) derive(w password.Work) ([]byte, error) {
	h.count.Add(1)
	w.Params = password.Params{MemoryKiB: 8, Time: 1, Threads: 1}
	return password.InProcess(w)
}

// During counts the hashes that work takes.
func (h *Hashes) During(work func()) int {
	before := h.count.Load()
	work()
	return int(h.count.Load() - before)
}

// Clients records which APIs it was told to follow, and knows the clients that it was told.
type Clients struct {
	mu       sync.Mutex
	followed []string
	known    []uuid.UUID
	err      error
}

// Add makes a client known.
func (c *Clients) Add(id uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = append(c.known, id)
}

// Check is resource.Clients.
func (c *Clients) Check(_ context.Context, id uuid.UUID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.known, id) {
		return fault.New(fault.ClientNotFound, "There is no such client.")
	}
	return nil
}

// Follow is resource.Clients.
func (c *Clients) Follow(_ context.Context, audience string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.followed = append(c.followed, audience)
	return c.err
}

// Fail makes Follow return the error from now on.
func (c *Clients) Fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// Followed gives the APIs since the last call, in order.
func (c *Clients) Followed() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Clone(c.followed)
	c.followed = nil
	return all
}
