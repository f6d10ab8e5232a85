package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// load is a request that each of some clients sends again as soon as it is
// answered (closed loop), over a connection that is kept.
type load struct {
	method, url, token string
	// tokens, if there are any, are sent in turn instead of token.
	tokens []string
	body   []byte
	// form says that the body is one, basic is who sends it: id:secret.
	form    bool
	basic   string
	clients int
	// pause is how long a client waits after an answer.
	pause time.Duration
	// statuses are the answers that are wanted; none: any 2xx.
	statuses []int
}

func (l load) wanted(status int) bool {
	return slices.Contains(l.statuses, status) || len(l.statuses) == 0 && status/100 == 2
}

// result of one measurement.
type result struct {
	perSecond float64
	p50, p99  time.Duration
}

// during sends for a while. Every answer that is not wanted counts as an error,
// and one is enough to fail: a server that fails fast must not look fast.
func (l load) during(ctx context.Context, d time.Duration) (result, error) {
	counts := make([]count, l.clients)
	began := time.Now()
	var all sync.WaitGroup
	for i := range counts {
		all.Go(func() { counts[i] = l.loop(ctx, began.Add(d), i) })
	}
	all.Wait()
	took := time.Since(began)
	if err := ctx.Err(); err != nil {
		return result{}, err
	}
	return l.sum(counts, took)
}

// count is what one client saw.
type count struct {
	times  []time.Duration
	errors int
	first  error
}

func (l load) loop(ctx context.Context, end time.Time, turn int) (c count) {
	connection, err := l.connect()
	if err != nil {
		return count{errors: 1, first: err}
	}
	defer func() { _ = connection.conn.Close() }()
	token := l.token
	for sent := time.Now(); sent.Before(end) && ctx.Err() == nil; {
		if len(l.tokens) > 0 {
			token = l.tokens[turn%len(l.tokens)]
			turn += l.clients
		}
		status, body, err := connection.do(token)
		if err != nil {
			// Never sent again: what came of it is not known.
			return count{times: c.times, errors: c.errors + 1, first: cmp.Or(c.first, err)}
		}
		now := time.Now()
		if l.wanted(status) {
			c.times = append(c.times, now.Sub(sent))
		} else if c.errors++; c.first == nil {
			c.first = fmt.Errorf("%d %s", status, body)
		}
		if sent = now; l.pause > 0 {
			_ = pause(ctx, l.pause)
			sent = time.Now()
		}
	}
	return c
}

// sum puts together what the clients saw.
func (l load) sum(counts []count, took time.Duration) (result, error) {
	var times []time.Duration
	var failed int
	var first error
	for _, c := range counts {
		times = append(times, c.times...)
		failed += c.errors
		if first == nil {
			first = c.first
		}
	}
	if failed > 0 {
		return result{}, fmt.Errorf("%s %s: %d of %d failed, the first with: %w", l.method, l.url, failed, failed+len(times), first)
	}
	if len(times) == 0 {
		return result{}, fmt.Errorf("%s %s: no answer at all", l.method, l.url)
	}
	slices.Sort(times)
	return result{perSecond: float64(len(times)) / took.Seconds(), p50: percentile(times, 50), p99: percentile(times, 99)}, nil
}
