package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Source is where a store comes from.
type Source string

// The sources, in the order in which they are tried.
const (
	Given    Source = "url"
	Binary   Source = "binary"
	Embedded Source = "embedded"
)

// ErrNoSource says that none of the allowed sources is on this machine.
var ErrNoSource = errors.New("no such store on this machine")

// Options say how to get a store.
type Options struct {
	// URL of a store that runs already; nothing is started.
	URL string
	// Dir keeps data and the password. It is made if it is not there.
	Dir string
	// Sources that may be used besides URL; none means all.
	Sources []Source
	// Scratch gives up durability for speed, for tests.
	Scratch bool
	// Templates is a folder in which the empty data directory of a Postgres is kept, to
	// be copied for the next one instead of made anew, for tests; empty: none is kept.
	Templates string
	// Log receives what the store prints; nil drops it.
	Log io.Writer
	// Progress receives lines for a person who waits, such as that Postgres is
	// downloaded; nil drops them.
	Progress io.Writer
	// Repository is where Postgres is downloaded from, a Maven repository; empty
	// is the public one.
	Repository string
	// Cache keeps a downloaded Postgres where Dir is closed to the user that it
	// runs as; empty is a directory below /var/cache.
	Cache string
	// Databases is how many numbered databases Redis has; 0 is 16.
	Databases int
}

func (o Options) allows(s Source) bool {
	if len(o.Sources) == 0 {
		return true
	}
	for _, allowed := range o.Sources {
		if allowed == s {
			return true
		}
	}
	return false
}

func (o Options) log() io.Writer {
	if o.Log == nil {
		return io.Discard
	}
	return o.Log
}

func (o Options) progress() io.Writer {
	if o.Progress == nil {
		return io.Discard
	}
	return o.Progress
}

// Store is a running Postgres or Redis.
type Store struct {
	// URL to connect to, password included.
	URL string
	// Note says in a few words what it is, without the password.
	Note   string
	Source Source
	// Process is what was started here; nil if nothing was.
	Process *Process
	stop    func() error
}

// Ended is closed when a store that was started as a process has ended. It is nil
// for other stores.
func (s *Store) Ended() <-chan struct{} {
	if s.Process == nil {
		return nil
	}
	return s.Process.Done()
}

// Stop ends what was started. It keeps the data.
func (s *Store) Stop() error {
	if s.stop == nil {
		return nil
	}
	return s.stop()
}

// freePort finds a loopback port that nobody listens on at the moment.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// until asks again and again until it gets no error, the process ends or ctx does.
func until(ctx context.Context, p *Process, ready func(context.Context) error) error {
	var last error
	for {
		if last = ready(ctx); last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w", last)
		case <-p.Done():
			return fmt.Errorf("ended at once (%w)", p.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Running is a store that somebody else started, with how to end it.
func Running(url, note string, stop func() error) *Store {
	return &Store{URL: url, Note: note, Source: Given, stop: stop}
}
