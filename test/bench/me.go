package main

import (
	"context"
	"errors"
	"fmt"
)

const meConnections = 64

// verification is GET /v1/accounts/me with a token that is alive.
func verification(api *program, token string) load {
	return load{method: "GET", url: "http://" + api.addr + "/v1/accounts/me", token: token, clients: meConnections}
}

// measureMe compares GET /v1/accounts/me with the reference servers, in turns.
func measureMe(ctx context.Context, st *stack, s settings, t *table) error {
	var results [][]result
	err := st.serving(ctx, func(api *program) (err error) {
		results, err = st.meAndReferences(ctx, s, api)
		return err
	})
	if err != nil {
		return err
	}
	for i, name := range []string{"`GET /v1/accounts/me`", "an empty Fiber answer", "Fiber and one HGETALL"} {
		p50, p99 := percentiles(results[i])
		t.add(name+", a second", fmt.Sprintf("%s; p50 %s, p99 %s", rates(results[i]).digits(0), micro(p50), micro(p99)))
	}
	t.add("`accounts/me` against an empty answer", ratios(results[0], results[1]).digits(2))
	t.add("`accounts/me` against one HGETALL", ratios(results[0], results[2]).digits(2))
	return nil
}

func (st *stack) meAndReferences(ctx context.Context, s settings, api *program) (results [][]result, err error) {
	token, key, err := st.onlyToken(ctx, api)
	if err != nil {
		return nil, err
	}
	if err := st.client.Copy(ctx, key, referenceKey, st.client.Options().DB, true).Err(); err != nil {
		return nil, fmt.Errorf("copy a record for the reference server: %w", err)
	}
	each := []measured{verification(api, token).during}
	for _, kind := range []string{empty, oneRead} {
		p, failure := startReference(ctx, kind, st.redis.URL)
		if failure != nil {
			return nil, failure
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		each = append(each, load{method: "GET", url: "http://" + p.addr + "/", clients: meConnections}.during)
	}
	return inTurns(ctx, s.rounds, s.duration, each...)
}
