package account

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	// MaxMisses is how many wrong passwords in a row an account takes (NIST SP 800-63B-4,
	// section 3.2.2). Then strangers need more than the password: a known device, or an
	// administrator who unlocks the account. Known devices may miss as often again.
	MaxMisses = 100
	// writeMissesEvery is how long misses are in memory only. They are few: the limits let
	// ten an hour of each account through.
	writeMissesEvery = 5 * time.Second
	// lastWrite bounds the last writing, when the service stops.
	lastWrite = 3 * time.Second
)

// misses are wrong passwords that are not yet in Postgres. A wrong password must not write
// there at once: an address without an account has no row to write, so the time would tell.
type misses struct {
	mu      sync.Mutex // guards the field below
	pending map[uuid.UUID]int32
}

func newMisses() *misses { return &misses{pending: map[uuid.UUID]int32{}} }

func (m *misses) note(id uuid.UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending[id]++
}

// of is how many the account has in a row.
func (m *misses) of(a Account) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return a.misses + int(m.pending[a.ID])
}

func (m *misses) forget(id uuid.UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pending, id)
}

// take returns what is pending, which is then no longer.
func (m *misses) take() map[uuid.UUID]int32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.pending
	m.pending = map[uuid.UUID]int32{}
	return taken
}

// putBack makes what could not be written pending again.
func (m *misses) putBack(taken map[uuid.UUID]int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, count := range taken {
		m.pending[id] += count
	}
}

// WriteMisses writes wrong passwords to Postgres, where all replicas see them, until ctx
// ends, and then what is left.
func (s *Service) WriteMisses(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(writeMissesEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.WriteMissesOnce(ctx, log)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
			defer cancel()
			s.WriteMissesOnce(last, log)
			return
		}
	}
}

// WriteMissesOnce is one round of WriteMisses.
func (s *Service) WriteMissesOnce(ctx context.Context, log *slog.Logger) {
	taken := s.misses.take()
	if len(taken) == 0 {
		return
	}
	ids, counts := make([]uuid.UUID, 0, len(taken)), make([]int32, 0, len(taken))
	for id, count := range taken {
		ids, counts = append(ids, id), append(counts, count)
	}
	if err := s.store.addMisses(ctx, ids, counts); err != nil {
		s.misses.putBack(taken)
		log.WarnContext(ctx, "wrong passwords are counted in this replica's memory only, until Postgres answers", "error", err)
	}
}
