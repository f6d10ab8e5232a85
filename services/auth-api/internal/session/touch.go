package session

import (
	"context"
	"fmt"
	"sync"
	"time"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

const (
	touchEvery   = time.Second
	touchTimeout = 5 * time.Second
	// maxSeen bounds the memory of uses that wait to be written down. What is
	// over it is written down at its next use.
	maxSeen = 16 << 10
	// touchBatch is how many uses are written down in one statement.
	touchBatch = 500
)

// seen holds the tokens whose use waits to be written down.
type seen struct {
	mu     sync.Mutex
	tokens map[token.Hash]struct{}
}

// Seen notes that a token was used now. It does no I/O: Touch writes it down, and
// only when the last note is older than Lifetimes.Touch.
func (s *Service) Seen(principal *verify.Principal, now time.Time) {
	due := principal.IdleExpiresAt.Add(s.lifetimes.Touch() - s.lifetimes.Idle)
	if now.Before(due) || principal.IdleExpiresAt.IsZero() || !principal.IdleExpiresAt.Before(principal.ExpiresAt) {
		return
	}
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	if s.seen.tokens == nil {
		s.seen.tokens = map[token.Hash]struct{}{}
	}
	if len(s.seen.tokens) < maxSeen {
		s.seen.tokens[principal.Hash] = struct{}{}
	}
}

func (s *Service) takeSeen() hashes {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	out := make(hashes, 0, len(s.seen.tokens))
	for h := range s.seen.tokens {
		out = append(out, h)
	}
	s.seen.tokens = nil
	return out
}

// Touch writes uses down until ctx ends, and once more then: the idle end of
// the session moves, first in Postgres, then in Redis. A use that cannot be
// written down is noted again when the token is used again.
func (s *Service) Touch(ctx context.Context) {
	ticker := time.NewTicker(touchEvery)
	defer ticker.Stop()
	failing := false
	for {
		ended := false
		select {
		case <-ctx.Done():
			ended = true
		case <-ticker.C:
		}
		err := s.flushSeen(ctx)
		if err != nil && !failing {
			s.log.WarnContext(ctx, "uses of sessions are not written down", "error", err)
		}
		failing = err != nil
		if ended {
			return
		}
	}
}

func (s *Service) flushSeen(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), touchTimeout)
	defer cancel()
	for used := s.takeSeen(); len(used) > 0; {
		n := min(len(used), touchBatch)
		touched, err := s.store.touch(ctx, used[:n], s.now().UTC().Truncate(time.Second), s.lifetimes.Idle)
		if err != nil {
			return fmt.Errorf("touch sessions: %w", err)
		}
		// A record is written as a whole, so what was read above may not be written: its
		// scopes may have been taken away since.
		if err := s.store.withTruths(ctx, touched, s.now(), func(ctx context.Context, live []truth) error {
			return s.tokens.Replace(ctx, principalsOf(live)...)
		}); err != nil {
			return fmt.Errorf("touch sessions: %w", err)
		}
		used = used[n:]
	}
	return nil
}
