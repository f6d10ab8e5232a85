package worker

import (
	"fmt"
	"time"

	"auth.books.test/services/auth-api/internal/password"
)

// Priority is how the kernel's scheduler treats a worker.
type Priority string

const (
	// Idle workers run only when nothing else wants the processor.
	Idle Priority = "idle"
	// Normal workers compete with all other processes.
	Normal Priority = "normal"
)

const (
	// idleDeadline is how long a hash with minimum cost may take in an idle-priority
	// worker: ten times its time on a free processor.
	idleDeadline = 500 * time.Millisecond
	// normalDeadline is the same for a normal-priority worker. A hash that misses it
	// fails.
	normalDeadline = 10 * time.Second
)

// deadline is how long a worker may take. It grows with the cost of the hash.
func (p Priority) deadline(w password.Work) time.Duration {
	base := normalDeadline
	if p == Idle {
		base = idleDeadline
	}
	return time.Duration(w.Times() * float64(base))
}

// apply gives this process the priority.
func (p Priority) apply() error {
	switch p {
	case Idle:
		return setIdle()
	case Normal:
		return nil
	}
	return fmt.Errorf("there is no priority %q", string(p))
}
