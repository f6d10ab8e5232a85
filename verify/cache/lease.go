package cache

import (
	"sync/atomic"
	"time"
)

// lease is until when the cache may be served. Both clocks must be before the end: the
// monotonic one, which cannot be set, and the wall clock, which goes on while a machine
// is suspended. A jump of the wall clock costs some reads, no more.
type lease struct {
	base time.Time
	mono atomic.Int64 // nanoseconds after base
	wall atomic.Int64 // Unix nanoseconds
}

func (l *lease) start(now time.Time) { l.base = now }

func (l *lease) covers(now time.Time) bool {
	return int64(now.Sub(l.base)) < l.mono.Load() && now.UnixNano() < l.wall.Load()
}

func (l *lease) until(end time.Time) {
	l.mono.Store(int64(end.Sub(l.base)))
	l.wall.Store(end.UnixNano())
}

func (l *lease) end() {
	l.mono.Store(0)
	l.wall.Store(0)
}
