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

// Store writes the records of live tokens in Redis. No command uses more than one key, so
// Redis Cluster works unchanged. It runs no scripts, because a user with that right can also
// attack the interpreter.
type Store struct {
	redis redis.Cmdable
	// transact is the client's Watch (optimistic locking of a key). A field of the client's own
	// type would cost every package that uses a Store two seconds of compile time
	// (docs/development.md, "The loop").
	transact func(ctx context.Context, do func(tx redis.Cmdable) error, key string) error
	ring     *token.KeyRing
	local    Local
	timeout  time.Duration
	// evicts is the result of the last call of Rebuilt.
	evicts atomic.Bool
}

// Local is this process's cache of records; direct.Verifier implements it.
type Local interface{ Forget(hashes ...token.Hash) }

// NewStore makes a store whose calls of Redis have a timeout. It makes the MACs of records
// with the ring's first key, and makes local forget every record that it changes before the
// call returns.
func NewStore(client redis.UniversalClient, ring *token.KeyRing, timeout time.Duration, local Local) *Store {
	transact := func(ctx context.Context, do func(redis.Cmdable) error, key string) error {
		return client.Watch(ctx, func(tx *redis.Tx) error { return do(tx) }, key)
	}
	return &Store{redis: client, transact: transact, ring: ring, local: local, timeout: timeout}
}

// Put writes the record of a new token. Only Put and Restore create records.
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

// Drop deletes the tokens' records. A missing record is no error.
func (s *Store) Drop(ctx context.Context, hashes ...token.Hash) error {
	return s.each(ctx, "delete tokens' records", hashes, func(ctx context.Context, pipe redis.Pipeliner, h token.Hash) {
		pipe.Del(ctx, h.Key())
	})
}

// Replace rewrites the records of the principals that have one. Each is a single command,
// which cannot bring back a deleted record. If Redis is full and refuses it, Replace drops
// the records that allow more than their principals, and returns the error.
func (s *Store) Replace(ctx context.Context, principals ...verify.Principal) error {
	err := s.write(ctx, "rewrite tokens' records", "XX", principals)
	if redis.IsOOMError(err) {
		return errors.Join(err, s.dropWider(ctx, principals))
	}
	return err
}

// write sets the record of each principal. mode is XX for existing records only, or empty.
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

// markerDelay is how long verifiers may still trust a deleted marker, and so call a token
// with a missing record invalid.
const markerDelay = 2 * cache.MarkerTTL

// dropWider deletes records that allow more than their principals: a full Redis accepts
// DEL. The tokens are alive, so it deletes the rebuild marker first. Then they are answered
// with 503, not 401, until Redis has memory again and a rebuild has written them. A rebuild
// that began meanwhile may have counted on these records, so it loses its marker too.
func (s *Store) dropWider(ctx context.Context, principals []verify.Principal) error {
	hashes, byHash := index(principals)
	records, err := s.read(ctx, hashes)
	if err != nil {
		return err
	}
	wide := slices.DeleteFunc(hashes, func(h token.Hash) bool { return !s.allowsMore(records[h], byHash[h]) })
	if len(wide) == 0 {
		return nil
	}
	if err := s.dropMarker(ctx); err != nil {
		return err
	}
	if err := s.awaitDroppedMarker(ctx); err != nil {
		return err
	}
	return errors.Join(s.Drop(ctx, wide...), s.dropMarker(ctx))
}

func (s *Store) dropMarker(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.redis.Del(ctx, token.RebuiltKey).Err(); err != nil {
		return fmt.Errorf("delete the rebuild marker: %w", err)
	}
	return nil
}

func (s *Store) awaitDroppedMarker(ctx context.Context) error {
	timer := time.NewTimer(markerDelay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait until verifiers notice that the rebuild marker is deleted: %w", ctx.Err())
	}
}

// allowsMore reports whether a record allows a scope or an API that the principal does not.
// An invalid record allows nothing.
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

// read returns the records, not decoded. It leaves out keys that are missing or hold another
// type.
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

// batch is how many commands one pipeline has at most, because Redis runs commands in a
// single thread.
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
	// Also after a failure: some commands may have reached Redis.
	defer s.local.Forget(hashes...)
	commands, err := s.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, h := range hashes {
			queue(ctx, pipe, h)
		}
		return nil
	})
	// The reply to SET … XX of a missing key is nil, which is no error.
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
