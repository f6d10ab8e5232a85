package access

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// Store holds the records of live tokens in Redis. Every key stands alone, so
// Redis Cluster works unchanged.
type Store struct {
	redis   redis.UniversalClient
	local   Local
	timeout time.Duration
	replace *redis.Script
	restore *redis.Script
	extend  *redis.Script
	claim   *redis.Script
}

// Local is what this process itself keeps of the records; verify.Direct does.
type Local interface{ Forget(hashes ...token.Hash) }

// NewStore uses the client with a deadline for every call. What it changes, local
// forgets before the call returns.
func NewStore(client redis.UniversalClient, timeout time.Duration, local Local) *Store {
	return &Store{
		redis: client, local: local, timeout: timeout,
		replace: redis.NewScript(ifLive + restoreScript), restore: redis.NewScript(restoreScript),
		extend: redis.NewScript(ifLive + extendScript), claim: redis.NewScript(claimScript),
	}
}

// ifLive comes before what may not bring a dead token back.
const ifLive = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end`

// KEYS[1] record, ARGV[1] end in Unix milliseconds, ARGV[2…] fields and values.
const restoreScript = `
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
return 1`

// KEYS[1] record, ARGV[1] end in Unix milliseconds, ARGV[2] field, ARGV[3] value.
const extendScript = `
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
return 1`

// Put makes a new token live. Besides it, only Restore makes records.
func (s *Store) Put(ctx context.Context, hash token.Hash, identity verify.Identity) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	_, err := s.redis.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.HSet(ctx, hash.Key(), verify.EncodeRecord(identity))
		tx.PExpireAt(ctx, hash.Key(), identity.EndsAt())
		return nil
	})
	if err != nil {
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

// Replace rewrites the records of the identities that are still live.
func (s *Store) Replace(ctx context.Context, identities ...verify.Identity) error {
	return s.rewrite(ctx, s.replace, identities)
}

func (s *Store) rewrite(ctx context.Context, script *redis.Script, identities []verify.Identity) error {
	hashes, byHash := index(identities)
	return s.each(ctx, "rewrite tokens' records", hashes, func(ctx context.Context, pipe redis.Pipeliner, h token.Hash) {
		identity := byHash[h]
		args := []any{identity.EndsAt().UnixMilli()}
		for _, field := range verify.EncodeRecord(identity) {
			args = append(args, field)
		}
		script.Eval(ctx, pipe, []string{h.Key()}, args...)
	})
}

// Extend moves the idle end of the tokens that are still live, to at most the
// end that the identity carries.
func (s *Store) Extend(ctx context.Context, identities ...verify.Identity) error {
	hashes, byHash := index(identities)
	return s.each(ctx, "extend tokens' records", hashes, func(ctx context.Context, pipe redis.Pipeliner, h token.Hash) {
		field, value := verify.IdleField(byHash[h].IdleExpiresAt)
		s.extend.Eval(ctx, pipe, []string{h.Key()}, byHash[h].EndsAt().UnixMilli(), field, value)
	})
}

func index(identities []verify.Identity) (hashes []token.Hash, byHash map[token.Hash]verify.Identity) {
	byHash = make(map[token.Hash]verify.Identity, len(identities))
	for _, identity := range identities {
		hashes = append(hashes, identity.Hash)
		byHash[identity.Hash] = identity
	}
	return hashes, byHash
}

// Ping asks whether Redis answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.redis.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping Redis: %w", err)
	}
	return nil
}

// batch bounds how much one pipeline puts on Redis's single thread.
const batch = 256

func (s *Store) each(ctx context.Context, what string, hashes []token.Hash, queue func(context.Context, redis.Pipeliner, token.Hash)) error {
	for len(hashes) > 0 {
		n := min(len(hashes), batch)
		if err := s.pipeline(ctx, hashes[:n], queue); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		hashes = hashes[n:]
	}
	return nil
}

func (s *Store) pipeline(ctx context.Context, hashes []token.Hash, queue func(context.Context, redis.Pipeliner, token.Hash)) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// After a failure, too: some of it may have reached Redis.
	defer s.local.Forget(hashes...)
	_, err := s.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, h := range hashes {
			queue(ctx, pipe, h)
		}
		return nil
	})
	return err
}
