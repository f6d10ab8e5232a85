package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

// Why a rebuild has to start again.
var (
	// ErrRestarted means that Redis was restarted or replaced during a rebuild.
	ErrRestarted = errors.New("the Redis server was restarted or replaced during the rebuild")
	// ErrMarkerLost means that the marker of a rebuild was deleted or replaced, for example
	// by FLUSHDB. Then what the rebuild wrote may be gone as well.
	ErrMarkerLost = errors.New("the marker of the rebuild was deleted or replaced")
)

// claimKey holds the id of the rebuild in progress.
const claimKey = token.KeyPrefix + "rebuilding"

const (
	// begun begins the marker while Redis may lack records of live tokens.
	begun = "begun:"
	// incomplete begins the marker while Redis may hold records of dead tokens.
	incomplete = "partly:"
)

// recordForm begins the name of a rebuild and is the version of the records that it wrote.
// An upgrade that changes it causes a new rebuild.
const recordForm = "2."

// The rebuild marker is the value of token.RebuiltKey. It names the rebuild and the masters
// that were rebuilt (see master.name). Redis writes it to disk and replicates it, but it
// counts only for these processes, and only until one of them evicts more keys. So a Redis
// that was restarted, replaced by its replica, emptied, or has evicted keys is recognised.
//
// A rebuild writes it three times: when it begins, when all live tokens have their records,
// and at its end. Whoever removes records that may be needed deletes the marker. So each
// step replaces the marker of the step before, and fails if that is not there any more.

// Rebuilt reports whether the marker names every master. It deletes a marker that does not,
// so that verifiers do not trust it either.
func (s *Store) Rebuilt(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	now, err := s.masters(ctx)
	if err != nil {
		return false, err
	}
	evicts := slices.ContainsFunc(now, master.evicts)
	s.evicts.Store(evicts)
	marker, err := s.redis.Get(ctx, token.RebuiltKey).Result()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the rebuild marker: %w", err)
	}
	text, untrusted := strings.CutPrefix(marker, token.UntrustedPrefix)
	// Verifiers do not trust it, and the rebuild that wrote it needs it.
	if strings.HasPrefix(text, begun) {
		return false, nil
	}
	text, partial := strings.CutPrefix(text, incomplete)
	if untrusted == evicts && matches(text, now) {
		return !partial, nil
	}
	return false, s.deleteMarker(ctx, marker)
}

// matches reports whether the marker has this version of records and names these masters.
func matches(marker string, now []master) bool {
	known := strings.Fields(marker)
	return len(now) > 0 && strings.HasPrefix(marker, recordForm) && !slices.ContainsFunc(now, func(m master) bool { return len(known) < 2 || !slices.Contains(known[1:], m.name()) })
}

// deleteMarker deletes the marker if it still has this value.
func (s *Store) deleteMarker(ctx context.Context, marker string) error {
	err := s.transact(ctx, func(tx redis.Cmdable) error {
		if now, err := tx.Get(ctx, token.RebuiltKey).Result(); err != nil || now != marker {
			return err
		}
		_, err := tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.Del(ctx, token.RebuiltKey)
			return nil
		})
		return err
	}, token.RebuiltKey)
	if err != nil && !errors.Is(err, redis.Nil) && !errors.Is(err, redis.TxFailedErr) {
		return fmt.Errorf("delete the rebuild marker: %w", err)
	}
	return nil
}

// Evicts reports whether Redis may evict records, as of the last call of Rebuilt. Then a
// rebuild is valid only until the next eviction.
func (s *Store) Evicts() bool { return s.evicts.Load() }

// BeginRebuild writes the marker of a rebuild that begins. It returns the argument of
// Complete and FinishRebuild: the id of the rebuild and the current masters.
func (s *Store) BeginRebuild(ctx context.Context, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	now, err := s.masters(ctx)
	if err != nil {
		return "", fmt.Errorf("begin a rebuild: %w", err)
	}
	began := recordForm + id
	for _, m := range now {
		began += " " + m.name()
	}
	if err := s.redis.Set(ctx, token.RebuiltKey, token.UntrustedPrefix+begun+began, 0).Err(); err != nil {
		return "", fmt.Errorf("begin a rebuild: write its marker: %w", err)
	}
	return began, nil
}

// Complete writes the marker that every live token has its record, so that a missing one
// means a dead token. began is the result of BeginRebuild. Errors: ErrRestarted,
// ErrMarkerLost.
func (s *Store) Complete(ctx context.Context, began string) error {
	return s.replaceMarker(ctx, began, begun, incomplete)
}

// FinishRebuild writes the marker that Redis also holds no records of dead tokens. Errors:
// ErrRestarted, ErrMarkerLost.
func (s *Store) FinishRebuild(ctx context.Context, began string) error {
	return s.replaceMarker(ctx, began, incomplete, "")
}

// replaceMarker replaces one step's marker of a rebuild by the next one's.
func (s *Store) replaceMarker(ctx context.Context, began, from, to string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	now, err := s.masters(ctx)
	if err != nil {
		return err
	}
	for _, m := range now {
		if !strings.Contains(began, " "+m.id+".") {
			return ErrRestarted
		}
	}
	value := to + began
	if slices.ContainsFunc(now, master.evicts) {
		value = token.UntrustedPrefix + value
	}
	err = s.transact(ctx, func(tx redis.Cmdable) error {
		marker, err := tx.Get(ctx, token.RebuiltKey).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		if strings.TrimPrefix(marker, token.UntrustedPrefix) != from+began {
			return ErrMarkerLost
		}
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.Set(ctx, token.RebuiltKey, value, 0)
			return nil
		})
		return err
	}, token.RebuiltKey)
	switch {
	case errors.Is(err, redis.TxFailedErr):
		return ErrMarkerLost
	case err != nil:
		return fmt.Errorf("write the rebuild marker: %w", err)
	}
	return nil
}

// eachMaster calls do for each master, in a cluster concurrently.
func (s *Store) eachMaster(ctx context.Context, do func(context.Context, redis.Cmdable) error) error {
	if cluster, is := s.redis.(*redis.ClusterClient); is {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, r *redis.Client) error { return do(ctx, r) })
	}
	return do(ctx, s.redis)
}

// Claim takes or renews the claim of a rebuild for the given time. It reports whether the
// rebuild with this id holds the claim.
func (s *Store) Claim(ctx context.Context, id string, ttl time.Duration) (held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// WATCH also fails if the claim expires between GET and SET: try again once.
	for range 2 {
		held, err = s.claim(ctx, id, ttl)
		if !errors.Is(err, redis.TxFailedErr) {
			break
		}
	}
	if errors.Is(err, redis.TxFailedErr) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("claim a rebuild: %w", err)
	}
	return held, nil
}

func (s *Store) claim(ctx context.Context, id string, ttl time.Duration) (held bool, err error) {
	err = s.transact(ctx, func(tx redis.Cmdable) error {
		holder, err := tx.Get(ctx, claimKey).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		if err == nil && holder != id {
			return nil
		}
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.Set(ctx, claimKey, id, ttl)
			return nil
		})
		held = err == nil
		return err
	}, claimKey)
	return held, err
}

// Release ends the claim. If that fails, the claim expires by itself.
func (s *Store) Release(ctx context.Context, id string) {
	_, _ = s.Claim(context.WithoutCancel(ctx), id, time.Millisecond)
}

// Restore writes the records of the principals, whether they exist or not.
func (s *Store) Restore(ctx context.Context, principals ...verify.Principal) error {
	return s.write(ctx, "restore tokens' records", "", principals)
}

// scanCount is how many keys one SCAN covers.
const scanCount = 500

// Records calls each with batches of the tokens that have a record in Redis. A token may
// come twice, and keys of other programs may be among them. In a cluster several masters
// are read concurrently, but the calls of each are not concurrent.
func (s *Store) Records(ctx context.Context, each func(context.Context, []token.Hash) error) error {
	turn := make(chan struct{}, 1)
	err := s.eachMaster(ctx, func(ctx context.Context, r redis.Cmdable) error {
		var cursor uint64
		for {
			keys, next, err := s.scan(ctx, r, cursor)
			if err != nil {
				return err
			}
			turn <- struct{}{}
			err = each(ctx, hashesOf(keys))
			<-turn
			if cursor = next; err != nil || cursor == 0 {
				return err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("scan tokens' records: %w", err)
	}
	return nil
}

func (s *Store) scan(ctx context.Context, r redis.Cmdable, cursor uint64) ([]string, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return r.ScanType(ctx, cursor, token.KeyPrefix+"*", scanCount, "string").Result()
}

// Ours returns those of the tokens whose record has a valid MAC. Another program may have
// keys of the same form in the same database.
func (s *Store) Ours(ctx context.Context, hashes []token.Hash) ([]token.Hash, error) {
	records, err := s.read(ctx, hashes)
	return slices.DeleteFunc(hashes, func(h token.Hash) bool {
		_, err := record.Decode(s.ring, h, records[h])
		return err != nil
	}), err
}

func hashesOf(keys []string) (hashes []token.Hash) {
	for _, key := range keys {
		if h, ours := token.ParseKey(key); ours {
			hashes = append(hashes, h)
		}
	}
	return hashes
}
