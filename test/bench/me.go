package main

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
)

const meConnections = 64

// measureMe compares GET /v1/accounts/me with the reference servers, in turns.
func measureMe(ctx context.Context, st *stack, s settings, t *table) error {
	if err := st.serve(ctx); err != nil {
		return err
	}
	if err := st.copyRecord(ctx); err != nil {
		return err
	}
	loads := []load{{method: "GET", url: "http://" + st.api.addr + "/v1/accounts/me", token: st.token, connections: meConnections}}
	for _, kind := range []string{empty, oneRead} {
		p, err := startReference(ctx, kind, st.redis.URL)
		if err != nil {
			return err
		}
		defer p.stop()
		loads = append(loads, load{method: "GET", url: "http://" + p.addr + "/", connections: meConnections})
	}
	results, err := inTurns(ctx, s, loads)
	if err != nil {
		return err
	}
	names := []string{"`GET /v1/accounts/me`", "an empty Fiber answer", "Fiber and one HGETALL"}
	for i, name := range names {
		rates, p50, p99 := series(results[i])
		middle, least, most := medianOf(rates)
		t.add(name+", a second", fmt.Sprintf("%.0f (%.0f to %.0f); p50 %s, p99 %s", middle, least, most, micro(p50), micro(p99)), "")
	}
	ratio(t, "`accounts/me` against an empty answer", results[0], results[1], "")
	ratio(t, "`accounts/me` against one HGETALL", results[0], results[2], "")
	return nil
}

// inTurns measures each load once a round, so that what else the machine does
// falls on all alike. The first round only warms up.
func inTurns(ctx context.Context, s settings, loads []load) ([][]result, error) {
	results := make([][]result, len(loads))
	for round := range s.rounds + 1 {
		for i, l := range loads {
			r, err := l.during(ctx, s.duration)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				results[i] = append(results[i], r)
			}
		}
	}
	return results, nil
}

// copyRecord gives the reference server a record like the token's.
func (st *stack) copyRecord(ctx context.Context) error {
	client, err := st.redisClient()
	if err != nil {
		return err
	}
	defer client.Close()
	key, err := st.recordKey(ctx, client)
	if err != nil {
		return err
	}
	return client.Copy(ctx, key, referenceKey, client.Options().DB, true).Err()
}

func (st *stack) redisClient() (*redis.Client, error) {
	options, err := verify.RedisOptions(st.redis.URL)
	if err != nil {
		return nil, err
	}
	return redis.NewClient(options), nil
}

// recordKey finds the record of the first token.
func (st *stack) recordKey(ctx context.Context, client *redis.Client) (string, error) {
	keys, err := client.Keys(ctx, "session:*").Result()
	if err != nil || len(keys) == 0 {
		return "", fmt.Errorf("no token's record in Redis: %v", err)
	}
	return keys[0], nil
}
