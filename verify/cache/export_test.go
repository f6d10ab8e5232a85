package cache

import "time"

// LeaseCovers tells whether a lease covers now that ends after mono by the one
// clock and after wall by the other.
func LeaseCovers(now time.Time, mono, wall time.Duration) bool {
	var l lease
	l.start(now.Add(-time.Hour))
	l.mono.Store(int64(time.Hour + mono))
	l.wall.Store(now.Add(wall).UnixNano())
	return l.covers(now)
}
