package cache

import "time"

// LeaseCovers reports whether a lease covers now if it ends after mono by the monotonic
// clock and after wall by the wall clock.
func LeaseCovers(now time.Time, mono, wall time.Duration) bool {
	var l lease
	l.start(now.Add(-time.Hour))
	l.mono.Store(int64(time.Hour + mono))
	l.wall.Store(now.Add(wall).UnixNano())
	return l.covers(now)
}
