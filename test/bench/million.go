package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify/direct"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

const (
	million  = 1_000_000
	rotation = 20_000
	fillers  = 64
)

// measureMillion has a million live tokens in Redis: how fast GET /verify is with
// many of them in turn, and what they take in the memory of a verifier that has
// seen all.
func measureMillion(ctx context.Context, st *stack, s settings, t *table) error {
	if err := st.forgetTokens(ctx); err != nil {
		return err
	}
	tokens, err := st.fill(ctx, million)
	if err != nil {
		return err
	}
	defer func() { _ = st.forgetTokens(context.WithoutCancel(ctx)) }()
	size, err := st.client.Info(ctx, "memory").Result()
	if err != nil {
		return fmt.Errorf("ask Redis for its memory: %w", err)
	}
	t.add("Redis with a million live tokens", field(size, "used_memory_human"))
	if err := st.serving(ctx, func(api *program) error {
		many := door(api, "")
		many.tokens = tokens[:rotation]
		reference, err := startReference(ctx, empty, st.redis.URL)
		if err != nil {
			return err
		}
		nothing := load{method: "GET", url: "http://" + reference.addr + "/", clients: connections}
		results, err := inTurns(ctx, s.rounds, s.duration, nothing.during, many.during)
		if err := errors.Join(err, reference.stop()); err != nil {
			return err
		}
		t.add(fmt.Sprintf("`GET /verify` with %d of a million tokens in turn, against an empty answer", rotation), ratios(results[1], results[0]).digits(2))
		return nil
	}); err != nil {
		return err
	}
	return st.remember(ctx, t, tokens)
}

// fill puts tokens' records into Redis.
func (st *stack) fill(ctx context.Context, n int) ([]string, error) {
	ring, err := token.ParseKeyRing(st.tokenKey)
	if err != nil {
		return nil, err
	}
	who := somebody()
	tokens := make([]string, 0, n)
	for len(tokens) < n {
		_, err := st.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for range min(1000, n-len(tokens)) {
				made, hash, err := ring.Mint(rand.Reader, token.Access)
				if err != nil {
					return err
				}
				who.Hash = hash
				record, err := record.Encode(ring, who)
				if err != nil {
					return err
				}
				pipe.SetArgs(ctx, hash.Key(), record, redis.SetArgs{ExpireAt: who.EndsAt()})
				tokens = append(tokens, made.Reveal())
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("fill Redis: %w", err)
		}
	}
	return tokens, nil
}

// remember lets a verifier see all tokens and weighs it.
func (st *stack) remember(ctx context.Context, t *table, tokens []string) error {
	d, err := st.direct(direct.Options{CacheBytes: 4 << 30})
	if err != nil {
		return err
	}
	defer d.Close()
	for !d.Stats().Tracking {
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	before := heap()
	began := time.Now()
	var next atomic.Int64
	failed := make(chan error, fillers)
	var all sync.WaitGroup
	for range fillers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(tokens)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if _, err := d.Verify(ctx, tokens[i]); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return fmt.Errorf("verify a million tokens: %w", err)
	default:
	}
	took := time.Since(began)
	s := d.Stats()
	if s.Entries < len(tokens)*99/100 {
		return fmt.Errorf("only %d of %d tokens are in memory", s.Entries, len(tokens))
	}
	each := float64(heap()-before) / float64(s.Entries)
	t.add("first sight of a million tokens at `verify`, a second (64 callers)", fmt.Sprintf("%.0f", float64(len(tokens))/took.Seconds()))
	t.add("a token in the memory of `verify`", fmt.Sprintf("%.0f bytes; it counts as %d", each, s.Bytes/int64(s.Entries)))
	r, err := repeated(func() error { _, err := d.Verify(ctx, tokens[mathrand.IntN(len(tokens))]); return err })(ctx, time.Second)
	if err != nil {
		return err
	}
	t.add("a call of `verify`, from memory, with a million tokens at random", fmt.Sprintf("%.0f ns", 1e9/r.perSecond))
	runtime.KeepAlive(d)
	return nil
}

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
