package worker

import (
	"fmt"
	"time"

	"auth.books.test/services/auth-api/internal/password"
)

// Rank is what a worker is to the kernel's scheduler.
type Rank string

const (
	// GivesWay runs when nobody else wants the processor.
	GivesWay Rank = "gives-way"
	// Ordinary runs as all others do.
	Ordinary Rank = "ordinary"
)

const (
	// patience is how long a hash of the least costs may take who gives way: ten
	// times what it takes with a processor of its own.
	patience = 500 * time.Millisecond
	// limit is the same of the ordinary rank, after which nobody waits any more.
	limit = 10 * time.Second
)

// allows is how long a work may take: the more the costlier it is.
func (r Rank) allows(w password.Work) time.Duration {
	base, least := limit, password.DefaultParams()
	if r == GivesWay {
		base = patience
	}
	times := float64(w.Params.MemoryKiB) * float64(w.Params.Time) / (float64(least.MemoryKiB) * float64(least.Time))
	return time.Duration(max(1, times) * float64(base))
}

// take gives this process the rank.
func (r Rank) take() error {
	switch r {
	case GivesWay:
		return giveWay()
	case Ordinary:
		return nil
	}
	return fmt.Errorf("there is no rank %q", string(r))
}
