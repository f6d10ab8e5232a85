package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/cache"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

// Store holds the records of live tokens in Redis. Every key stands alone, so
// Redis Cluster works unchanged. It runs no scripts: a user that may run one may
// also exploit the interpreter.
type Store struct {
	redis   redis.UniversalClient
	ring    *token.KeyRing
	local   Local
	timeout time.Duration
	// evicts is what the last call of Rebuilt found.
	evicts atomic.Bool
}

// Local is what this process itself keeps of the records; direct.Verifier does.
type Local interface{ Forget(hashes ...token.Hash) }

// NewStore uses the client with a deadline for every call, and writes records under
// the ring's first key. What it changes, local forgets before the call returns.
func NewStore(client redis.UniversalClient, ring *token.KeyRing, timeout time.Duration, local Local) *Store {
	return &Store{redis: client, ring: ring, local: local, timeout: timeout}
}

// Put makes a new token live. Besides it, only Restore makes records.
func (s *Store) Put(ctx context.Context, hash token.Hash, principal verify.Principal) error {
	principal.Hash = hash
	record, err := record.Encode(s.ring, principal)
	if err != nil {
		return fmt.Errorf("write a token's record: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.redis.SetArgs(ctx, hash.Key(), record, redis.SetArgs{ExpireAt: principal.EndsAt()}).Err(); err != nil {
		return fmt.Errorf("write a token's record: %w", err)
	}
	return nil
}

// Drop makes the tokens dead. Dropping a dead token is no error.
func (s *Store) Drop(ctx context.Context, hashes ...token.Hash) error {
	return s.each(ctx, "delete tokens' records", hashes, func(ctx context.Context, pipe redis.Pipeliner, h token.Hash) {
		pipe.Del(ctx, h.Key())
	})
}

// Replace rewrites the records of the principals that are still live, whatever stands
// there: one command each, which brings back no dead one. A full Redis refuses that.
// Then tokens whose record allows what their principal does not are withheld, and the
// error says that nothing was written.
func (s *Store) Replace(ctx context.Context, principals ...verify.Principal) error {
	err := s.write(ctx, "rewrite tokens' records", "XX", principals)
	if redis.IsOOMError(err) {
		return errors.Join(err, s.withhold(ctx, principals))
	}
	return err
}

// write sets the record of each principal; mode is XX for those that are there only,
// or empty.
func (s *Store) write(ctx context.Context, what, mode string, principals []verify.Principal) error {
	hashes, byHash := index(principals)
	records := make(map[token.Hash][]byte, len(principals))
	for _, principal := range principals {
		record, err := record.Encode(s.ring, principal)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		records[principal.Hash] = record
	}
	return s.each(ctx, what, hashes, func(ctx context.Context, pipe redis.Pipeliner, h token.Hash) {
		pipe.SetArgs(ctx, h.Key(), records[h], redis.SetArgs{Mode: mode, ExpireAt: byHash[h].EndsAt()})
	})
}

// absenceBelieved is for how long verifiers may still believe the mark of a rebuild
// after it was taken away, and so call a token invalid whose record is missing.
const absenceBelieved = 2 * cache.MarkerTTL

// withhold takes away records that allow more than their principals do, without
// writing: a full Redis takes a DEL. The tokens are alive, so the mark goes first that
// says that what is missing is dead: they are answered with 503, until Redis has room
// and a rebuild has written them.
func (s *Store) withhold(ctx context.Context, principals []verify.Principal) error {
	hashes, byHash := index(principals)
	records, err := s.read(ctx, hashes)
	if err != nil {
		return err
	}
	wide := slices.DeleteFunc(hashes, func(h token.Hash) bool { return !s.allowsMore(records[h], byHash[h]) })
	if len(wide) == 0 {
		return nil
	}
	if err := s.withdrawMark(ctx); err != nil {
		return err
	}
	return s.Drop(ctx, wide...)
}

func (s *Store) withdrawMark(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.redis.Del(limited, token.RebuiltKey).Err(); err != nil {
		return fmt.Errorf("take away the mark of a rebuild: %w", err)
	}
	timer := time.NewTimer(absenceBelieved)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait until verifiers have seen that the mark is gone: %w", ctx.Err())
	}
}

// allowsMore says whether a record allows a scope or an API that the principal does
// not. What is no record of ours allows nothing.
func (s *Store) allowsMore(text string, now verify.Principal) bool {
	then, err := record.Decode(s.ring, now.Hash, text)
	return err == nil && (wider(then.Scopes, now.Scopes) || wider(then.Audiences, now.Audiences))
}

func wider(then, now []string) bool {
	return slices.ContainsFunc(then, func(word string) bool { return !slices.Contains(now, word) })
}

// Find reads the record of a token; nil if there is none. Error: record.ErrInvalid.
func (s *Store) Find(ctx context.Context, h token.Hash) (*verify.Principal, error) {
	found, err := s.read(ctx, []token.Hash{h})
	if err != nil || found[h] == "" {
		return nil, err
	}
	return record.Decode(s.ring, h, found[h])
}

// read gives the records as they are. A key that is missing or no string is left out.
func (s *Store) read(ctx context.Context, hashes []token.Hash) (map[token.Hash]string, error) {
	records := make(map[token.Hash]string, len(hashes))
	for some := range slices.Chunk(hashes, batch) {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		answers := make([]*redis.StringCmd, len(some))
		_, _ = s.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for n, h := range some {
				answers[n] = pipe.Get(ctx, h.Key())
			}
			return nil
		})
		cancel()
		for n, h := range some {
			record, err := answers[n].Result()
			switch {
			case errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "WRONGTYPE"):
			case err != nil:
				return nil, fmt.Errorf("read tokens' records: %w", err)
			default:
				records[h] = record
			}
		}
	}
	return records, nil
}

func index(principals []verify.Principal) (hashes []token.Hash, byHash map[token.Hash]verify.Principal) {
	byHash = make(map[token.Hash]verify.Principal, len(principals))
	for _, principal := range principals {
		hashes = append(hashes, principal.Hash)
		byHash[principal.Hash] = principal
	}
	return hashes, byHash
}

// batch bounds how much one pipeline puts on Redis's single thread.
const batch = 256

func (s *Store) each(ctx context.Context, what string, hashes []token.Hash, queue func(context.Context, redis.Pipeliner, token.Hash)) error {
	for some := range slices.Chunk(hashes, batch) {
		if err := s.batched(ctx, some, queue); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

func (s *Store) batched(ctx context.Context, hashes []token.Hash, queue func(context.Context, redis.Pipeliner, token.Hash)) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// After a failure, too: some of it may have reached Redis.
	defer s.local.Forget(hashes...)
	commands, err := s.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, h := range hashes {
			queue(ctx, pipe, h)
		}
		return nil
	})
	// SET … XX of a key that is not there answers with nil, which is no failure.
	for _, c := range commands {
		if err := c.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	return err
}
