package main

import (
	"context"
	"errors"
	"fmt"
)

// verification is GET /v1/accounts/me with a token that is alive.
func verification(api *program, token string) load {
	return load{method: "GET", url: "http://" + api.addr + "/v1/accounts/me", token: token, clients: connections}
}

// measureMe compares GET /v1/accounts/me with the reference servers, in turns.
func measureMe(ctx context.Context, st *stack, s settings, t *table) error {
	var results [][]result
	err := st.serving(ctx, func(api *program) error {
		token, stop, references, err := st.references(ctx, api)
		if err != nil {
			return err
		}
		results, err = inTurns(ctx, s.rounds, s.duration, append(references, verification(api, token).during)...)
		return errors.Join(err, stop())
	})
	if err != nil {
		return err
	}
	p50, p99 := percentiles(results[2])
	t.add("`GET /v1/accounts/me`, a second", fmt.Sprintf("%s; p50 %s, p99 %s", rates(results[2]).digits(0), micro(p50), micro(p99)))
	t.add("`accounts/me` against an empty answer", ratios(results[2], results[0]).digits(2))
	t.add("`accounts/me` against one Redis GET", ratios(results[2], results[1]).digits(2))
	return nil
}

// references starts the servers that ours is compared with, on a record like that
// of the token which it gives.
func (st *stack) references(ctx context.Context, api *program) (token string, stop func() error, each []measured, err error) {
	token, key, err := st.onlyToken(ctx, api)
	if err != nil {
		return "", nil, nil, err
	}
	if err := st.client.Copy(ctx, key, referenceKey, st.client.Options().DB, true).Err(); err != nil {
		return "", nil, nil, fmt.Errorf("copy a record for the reference server: %w", err)
	}
	var started []*program
	stop = func() (err error) {
		for _, p := range started {
			err = errors.Join(err, p.stop())
		}
		return err
	}
	for _, kind := range []string{empty, oneRead} {
		p, err := startReference(ctx, kind, st.redis.URL)
		if err != nil {
			return "", nil, nil, errors.Join(err, stop())
		}
		started = append(started, p)
		each = append(each, load{method: "GET", url: "http://" + p.addr + "/", clients: connections}.during)
	}
	return token, stop, each, nil
}
