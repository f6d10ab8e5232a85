package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Source is the origin of a store.
type Source string

// The sources, in the order in which they are tried.
const (
	Given    Source = "url"
	Binary   Source = "binary"
	Embedded Source = "embedded"
)

// ErrNoSource means that none of the allowed sources is on this machine.
var ErrNoSource = errors.New("no such store on this machine")

// Options say how to get a store.
type Options struct {
	// URL is that of a running store; then nothing is started.
	URL string
	// Dir holds data and password. It is created if it does not exist.
	Dir string
	// Sources are the allowed sources besides URL; none means all.
	Sources []Source
	// Scratch trades durability for speed, for tests.
	Scratch bool
	// Templates, if set, is a folder that keeps an empty data directory of Postgres, which
	// is copied instead of running initdb again, for tests.
	Templates string
	// Log receives the output of the store; nil discards it.
	Log io.Writer
	// Progress receives lines for a waiting person, for example during a download; nil
	// discards them.
	Progress io.Writer
	// Repository is the URL of the Maven repository with Postgres; empty means the public
	// one.
	Repository string
	// Cache holds a downloaded Postgres if its user may not enter Dir; empty means a
	// directory below /var/cache.
	Cache string
	// Databases is how many numbered databases Redis has; 0 means 16.
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
	// URL includes the password.
	URL string
	// Note describes the store in a few words, without the password.
	Note   string
	Source Source
	// Process is the child process; nil if none was started.
	Process *Process
	stop    func() error
}

// Ended returns a channel that is closed when the process of the store has ended. It is nil
// for stores without a process.
func (s *Store) Ended() <-chan struct{} {
	if s.Process == nil {
		return nil
	}
	return s.Process.Done()
}

// Stop stops a store that was started here. It keeps the data.
func (s *Store) Stop() error {
	if s.stop == nil {
		return nil
	}
	return s.stop()
}

// until calls ready until it returns no error, the process ends, or ctx ends.
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

// Running returns a store that was started elsewhere, with the function that stops it.
func Running(url, note string, stop func() error) *Store {
	return &Store{URL: url, Note: note, Source: Given, stop: stop}
}
