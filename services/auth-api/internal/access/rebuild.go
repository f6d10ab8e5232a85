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

// ErrRestarted says that Redis is not the one any more that a rebuild began with.
var ErrRestarted = errors.New("the Redis was restarted or replaced meanwhile")

// claimKey is held by whoever rebuilds.
const claimKey = token.KeyPrefix + "rebuilding"

// partly begins the mark while records may be there that should not.
const partly = "partly:"

// recordForm begins the name of a rebuild, and says in what form it wrote the
// records: Redis is filled anew after an upgrade that changes the form.
const recordForm = "2."

// A rebuild leaves its mark as the value of token.RebuiltKey: which rebuild it was,
// and which processes were rebuilt (see process). The value is written to disk and
// replicated; what it says is true only of these processes, and only until one of
// them evicts something more. So a Redis that has restarted, was replaced by its
// replica, was emptied or has evicted keys is told from the one that was rebuilt.

// Rebuilt says whether every master is one that was rebuilt. A mark that is not true
// any more is taken away, so that verifiers do not believe it either.
func (s *Store) Rebuilt(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	now, err := s.processes(ctx)
	if err != nil {
		return false, err
	}
	evicts := slices.ContainsFunc(now, process.evicts)
	s.evicts.Store(evicts)
	mark, err := s.redis.Get(ctx, token.RebuiltKey).Result()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the mark of a rebuild: %w", err)
	}
	text, evicting := strings.CutPrefix(mark, token.EvictingPrefix)
	text, incomplete := strings.CutPrefix(text, partly)
	if evicting == evicts && tells(text, now) {
		return !incomplete, nil
	}
	return false, s.withdraw(ctx, mark)
}

// tells says whether the mark is of these processes, and of this form of records.
func tells(mark string, now []process) bool {
	known := strings.Fields(mark)
	return len(now) > 0 && strings.HasPrefix(mark, recordForm) && !slices.ContainsFunc(now, func(p process) bool { return len(known) < 2 || !slices.Contains(known[1:], p.name()) })
}

// withdraw deletes the mark if it is still that one.
func (s *Store) withdraw(ctx context.Context, mark string) error {
	err := s.redis.Watch(ctx, func(tx *redis.Tx) error {
		if now, err := tx.Get(ctx, token.RebuiltKey).Result(); err != nil || now != mark {
			return err
		}
		_, err := tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.Del(ctx, token.RebuiltKey)
			return nil
		})
		return err
	}, token.RebuiltKey)
	if err != nil && !errors.Is(err, redis.Nil) && !errors.Is(err, redis.TxFailedErr) {
		return fmt.Errorf("take away the mark of a rebuild: %w", err)
	}
	return nil
}

// Evicts says whether the Redis that Rebuilt saw last may evict records: then a
// rebuild lasts only until it does.
func (s *Store) Evicts() bool { return s.evicts.Load() }

// BeginRebuild gives the mark to finish with: that of the processes there are now.
func (s *Store) BeginRebuild(ctx context.Context, mark string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	now, err := s.processes(ctx)
	if err != nil {
		return "", fmt.Errorf("begin a rebuild: %w", err)
	}
	mark = recordForm + mark
	for _, p := range now {
		mark += " " + p.name()
	}
	return mark, nil
}

// Complete says that every live token is there: what is missing is dead. began is
// what BeginRebuild gave. Error: ErrRestarted.
func (s *Store) Complete(ctx context.Context, began string) error {
	return s.note(ctx, began, partly+began)
}

// FinishRebuild says besides that nothing else is there. Error: ErrRestarted.
func (s *Store) FinishRebuild(ctx context.Context, began string) error {
	return s.note(ctx, began, began)
}

func (s *Store) note(ctx context.Context, began, value string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	now, err := s.processes(ctx)
	if err != nil {
		return err
	}
	for _, p := range now {
		if !strings.Contains(began, " "+p.id+".") {
			return ErrRestarted
		}
	}
	if slices.ContainsFunc(now, process.evicts) {
		value = token.EvictingPrefix + value
	}
	if err := s.redis.Set(ctx, token.RebuiltKey, value, 0).Err(); err != nil {
		return fmt.Errorf("write the mark of a rebuild: %w", err)
	}
	return nil
}

// eachMaster does something at each master, in a cluster at all at once.
func (s *Store) eachMaster(ctx context.Context, do func(context.Context, redis.Cmdable) error) error {
	if cluster, is := s.redis.(*redis.ClusterClient); is {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, r *redis.Client) error { return do(ctx, r) })
	}
	return do(ctx, s.redis)
}

// Claim says whether this mark is the one that rebuilds, for so long from now.
func (s *Store) Claim(ctx context.Context, mark string, during time.Duration) (held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// A claim that ends while it is looked at counts as a change: look again.
	for range 2 {
		held, err = s.claim(ctx, mark, during)
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

func (s *Store) claim(ctx context.Context, mark string, during time.Duration) (held bool, err error) {
	err = s.redis.Watch(ctx, func(tx *redis.Tx) error {
		holder, err := tx.Get(ctx, claimKey).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		if err == nil && holder != mark {
			return nil
		}
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.Set(ctx, claimKey, mark, during)
			return nil
		})
		held = err == nil
		return err
	}, claimKey)
	return held, err
}

// Release ends the claim. If that fails, it ends by itself.
func (s *Store) Release(ctx context.Context, mark string) {
	_, _ = s.Claim(context.WithoutCancel(ctx), mark, time.Millisecond)
}

// Restore makes the tokens live, as the principals say, whatever was there.
func (s *Store) Restore(ctx context.Context, principals ...verify.Principal) error {
	return s.write(ctx, "restore tokens' records", "", principals)
}

// scanCount is how many keys Redis looks at in one call.
const scanCount = 500

// Records calls each with the tokens that Redis has a record of, some at a time; one
// may come twice, and keys of other programs may be among them. In a cluster several
// masters are read at once, but each is never called twice at the same time.
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
		return fmt.Errorf("look through tokens' records: %w", err)
	}
	return nil
}

func (s *Store) scan(ctx context.Context, r redis.Cmdable, cursor uint64) ([]string, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return r.ScanType(ctx, cursor, token.KeyPrefix+"*", scanCount, "string").Result()
}

// Ours gives those of the tokens whose record is surely one of ours. Another program
// may keep keys of the same form in the same database.
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
