package client

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// originsAge is how old the known origins may be.
const originsAge = 2 * time.Second

// Origins knows the origins of all clients' pages. It asks Postgres at most every two
// seconds, whatever browsers ask for.
type Origins struct {
	store *Store
	now   func() time.Time
	known atomic.Pointer[originSet]
	// reading is held by the one caller that reads them again.
	reading sync.Mutex
}

type originSet struct {
	origins map[string]bool
	read    time.Time
}

// NewOrigins makes Origins.
func NewOrigins(store *Store, now func() time.Time) *Origins {
	o := &Origins{store: store, now: now}
	o.known.Store(&originSet{})
	return o
}

// Knows says whether an enabled client has registered the origin. While Postgres does not
// answer, the last known ones count.
func (o *Origins) Knows(ctx context.Context, origin string) bool {
	known := o.known.Load()
	switch {
	case o.isFresh(known):
		return known.origins[origin]
	case known.read.IsZero():
		o.reading.Lock()
	case !o.reading.TryLock(): // Another caller reads them: nobody else waits for that.
		return known.origins[origin]
	}
	defer o.reading.Unlock()
	if known = o.known.Load(); !o.isFresh(known) {
		origins, err := o.store.origins(ctx)
		if err != nil {
			origins = known.origins
		}
		known = &originSet{origins, o.now()}
		o.known.Store(known)
	}
	return known.origins[origin]
}

func (o *Origins) isFresh(s *originSet) bool {
	return !s.read.IsZero() && o.now().Sub(s.read) < originsAge
}
