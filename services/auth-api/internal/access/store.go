package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// Store holds the records of live tokens in Redis. Every key stands alone, so
// Redis Cluster works unchanged. It runs no scripts: a user that may run one may
// also exploit the interpreter.
type Store struct {
	redis   redis.UniversalClient
	local   Local
	timeout time.Duration
	// evicts is what the last call of Rebuilt found.
	evicts atomic.Bool
}

// Local is what this process itself keeps of the records; verify.Direct does.
type Local interface{ Forget(hashes ...token.Hash) }

// NewStore uses the client with a deadline for every call. What it changes, local
// forgets before the call returns.
func NewStore(client redis.UniversalClient, timeout time.Duration, local Local) *Store {
	return &Store{redis: client, local: local, timeout: timeout}
}

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
	return s.each(ctx, "delete tokens' records", hashes, s.pipelined, func(ctx context.Context, pipe redis.Pipeliner, h token.Hash) {
		pipe.Del(ctx, h.Key())
	})
}

// Replace rewrites the records of the identities that are still live. A full Redis
// refuses that; what an identity does not allow any more is then taken out of its
// record, and the error says that the rest was not written.
func (s *Store) Replace(ctx context.Context, identities ...verify.Identity) error {
	err := s.changeLive(ctx, "rewrite tokens' records", identities, func(ctx context.Context, tx redis.Pipeliner, i verify.Identity) {
		tx.HSet(ctx, i.Hash.Key(), verify.EncodeRecord(i))
		tx.HDel(ctx, i.Hash.Key(), verify.StaleFields(i)...)
	})
	// A transaction is refused as a whole when one of its commands is.
	if redis.IsOOMError(err) || redis.IsExecAbortError(err) {
		return errors.Join(err, s.narrow(ctx, identities))
	}
	return err
}

// Extend moves the idle end of the tokens that are still live, to at most the
// end that the identity carries.
func (s *Store) Extend(ctx context.Context, identities ...verify.Identity) error {
	return s.changeLive(ctx, "extend tokens' records", identities, func(ctx context.Context, tx redis.Pipeliner, i verify.Identity) {
		field, value := verify.IdleField(i.IdleExpiresAt)
		tx.HSet(ctx, i.Hash.Key(), field, value)
	})
}

// changeLive changes records without bringing a dead one back, also one that dies
// after it was looked at. Every record has a time to live from the transaction that
// made it, so a key without one was made by write just now: it ends in the same
// transaction, before anybody can read it.
func (s *Store) changeLive(ctx context.Context, what string, identities []verify.Identity, write func(context.Context, redis.Pipeliner, verify.Identity)) error {
	hashes, byHash := index(identities)
	records, foreign, err := s.read(ctx, hashes)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	// What this process keeps of the others is not changed, and may be old.
	s.local.Forget(hashes...)
	live := slices.DeleteFunc(hashes, func(h token.Hash) bool { return records[h] == nil })
	err = s.each(ctx, what, live, s.inTransactions, func(ctx context.Context, tx redis.Pipeliner, h token.Hash) {
		write(ctx, tx, byHash[h])
		tx.Do(ctx, "PEXPIREAT", h.Key(), 1, "NX")
		tx.Do(ctx, "PEXPIREAT", h.Key(), byHash[h].EndsAt().UnixMilli(), "XX")
	})
	if err == nil && foreign != nil {
		err = fmt.Errorf("%s: another program uses the key: %w", what, foreign)
	}
	return err
}

// narrow takes out of records what their identities do not allow, without writing
// anything new: a full Redis lets fields be deleted.
func (s *Store) narrow(ctx context.Context, identities []verify.Identity) error {
	hashes, byHash := index(identities)
	records, _, err := s.read(ctx, hashes)
	if err != nil {
		return err
	}
	wide := slices.DeleteFunc(hashes, func(h token.Hash) bool { return len(verify.WiderFields(records[h], byHash[h])) == 0 })
	return s.each(ctx, "narrow tokens' records", wide, s.pipelined, func(ctx context.Context, pipe redis.Pipeliner, h token.Hash) {
		pipe.HDel(ctx, h.Key(), verify.WiderFields(records[h], byHash[h])...)
	})
}

// read gives the fields of records as they are. What is no hash is left out; foreign
// is then Redis's error.
func (s *Store) read(ctx context.Context, hashes []token.Hash) (records map[token.Hash]map[string]string, foreign, err error) {
	records = make(map[token.Hash]map[string]string, len(hashes))
	for some := range slices.Chunk(hashes, batch) {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		answers := make([]*redis.MapStringStringCmd, len(some))
		_, err := s.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for n, h := range some {
				answers[n] = pipe.HGetAll(ctx, h.Key())
			}
			return nil
		})
		cancel()
		if err != nil && !redis.HasErrorPrefix(err, "WRONGTYPE") {
			return nil, nil, fmt.Errorf("read tokens' records: %w", err)
		}
		foreign = cmp.Or(foreign, err)
		for n, h := range some {
			if answers[n].Err() == nil && len(answers[n].Val()) > 0 {
				records[h] = answers[n].Val()
			}
		}
	}
	return records, foreign, nil
}

func index(identities []verify.Identity) (hashes []token.Hash, byHash map[token.Hash]verify.Identity) {
	byHash = make(map[token.Hash]verify.Identity, len(identities))
	for _, identity := range identities {
		hashes = append(hashes, identity.Hash)
		byHash[identity.Hash] = identity
	}
	return hashes, byHash
}

// batch bounds how much one pipeline puts on Redis's single thread.
const batch = 256

func (s *Store) each(ctx context.Context, what string, hashes []token.Hash, run execute, queue func(context.Context, redis.Pipeliner, token.Hash)) error {
	for some := range slices.Chunk(hashes, batch) {
		if err := s.batched(ctx, some, run, queue); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

func (s *Store) batched(ctx context.Context, hashes []token.Hash, run execute, queue func(context.Context, redis.Pipeliner, token.Hash)) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// After a failure, too: some of it may have reached Redis.
	defer s.local.Forget(hashes...)
	return run(ctx, len(hashes), func(pipe redis.Pipeliner, n int) { queue(ctx, pipe, hashes[n]) })
}
