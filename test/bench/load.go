package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	// The server's own HTTP library: a generator that costs little leaves the
	// processors to what is measured.
	"github.com/valyala/fasthttp"
)

// load is a request that is sent again and again over kept connections.
type load struct {
	method, url, token, body string
	connections              int
}

// result of one measurement.
type result struct {
	perSecond float64
	p50, p99  time.Duration
}

// during sends for a while. An answer that is not a 2xx is an error: a server
// that fails fast must not look fast.
func (l load) during(ctx context.Context, d time.Duration) (result, error) {
	client := &fasthttp.Client{MaxConnsPerHost: l.connections, NoDefaultUserAgentHeader: true, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	times := make([][]time.Duration, l.connections)
	failures := make([]error, l.connections)
	began := time.Now()
	end := began.Add(d)
	var all sync.WaitGroup
	for i := range l.connections {
		all.Go(func() {
			request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(request)
			defer fasthttp.ReleaseResponse(response)
			request.Header.SetMethod(l.method)
			request.SetRequestURI(l.url)
			if l.token != "" {
				request.Header.Set("Authorization", "Bearer "+l.token)
			}
			if l.body != "" {
				request.Header.SetContentType("application/json")
				request.SetBodyString(l.body)
			}
			for sent := time.Now(); sent.Before(end) && ctx.Err() == nil; {
				if err := client.Do(request, response); err != nil {
					failures[i] = err
					return
				}
				if response.StatusCode()/100 != 2 {
					failures[i] = fmt.Errorf("%s %s: %d %s", l.method, l.url, response.StatusCode(), response.Body())
					return
				}
				now := time.Now()
				times[i] = append(times[i], now.Sub(sent))
				sent = now
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if err := errors.Join(append(failures, ctx.Err())...); err != nil {
		return result{}, err
	}
	every := slices.Concat(times...)
	slices.Sort(every)
	return result{perSecond: float64(len(every)) / took.Seconds(), p50: percentile(every, 50), p99: percentile(every, 99)}, nil
}

// percentile of sorted times (nearest rank).
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// medianOf gives the middle of some numbers, and the least and the most.
func medianOf(numbers []float64) (middle, least, most float64) {
	sorted := slices.Sorted(slices.Values(numbers))
	return sorted[len(sorted)/2], sorted[0], sorted[len(sorted)-1]
}
