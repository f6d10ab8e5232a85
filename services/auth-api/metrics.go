package main

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const scrapeTimeout = time.Second

// newRegistry holds the metrics of the parts; httpapi adds its own.
func newRegistry(p *parts) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	gauge("auth_hash_slots", "How many passwords may be hashed at once.", func() float64 { return float64(p.hashing.Stats().Slots) })
	gauge("auth_hash_busy", "How many passwords are being hashed.", func() float64 { return float64(p.hashing.Stats().Busy) })
	gauge("auth_hash_queued", "How many sign-ins wait for a slot.", func() float64 { return float64(p.hashing.Stats().Queued) })
	counter("auth_hash_refused_total", "Sign-ins refused because the queue was full or slow.", func() float64 { return float64(p.hashing.Stats().Refused) })
	counter("auth_hash_dropped_total", "Sign-ins whose caller left before their turn.", func() float64 { return float64(p.hashing.Stats().Dropped) })
	gauge("auth_db_connections_in_use", "Connections to Postgres in use.", func() float64 { return float64(p.db.Stat().AcquiredConns()) })
	gauge("session_db_connections_in_use", "Connections to Redis in use.", func() float64 {
		s := p.redis.PoolStats()
		return float64(s.TotalConns - s.IdleConns)
	})
	gauge("auth_token_syncs_waiting", "Tokens whose end or change Redis has not heard of yet; NaN if Postgres does not answer.", func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
		defer cancel()
		n, err := p.sessions.Waiting(ctx)
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	})
	addVerification(p, gauge, counter)
	return r
}

// addVerification tells how tokens are verified from memory.
func addVerification(p *parts, gauge, counter func(name, help string, value func() float64)) {
	counter("auth_verify_hits_total", "Tokens verified from memory.", func() float64 { return float64(p.verifier.Stats().Hits) })
	counter("auth_verify_misses_total", "Tokens verified by a read from Redis.", func() float64 {
		s := p.verifier.Stats()
		return float64(s.Misses + s.Reads)
	})
	counter("auth_verify_failures_total", "Reads for verification that Redis did not answer.", func() float64 { return float64(p.verifier.Stats().Failures) })
	counter("auth_verify_pushes_total", "Tokens that Redis said had changed.", func() float64 { return float64(p.verifier.Stats().Pushes) })
	counter("auth_verify_flushes_total", "How often all tokens were dropped from memory.", func() float64 { return float64(p.verifier.Stats().Flushes) })
	counter("auth_verify_evictions_total", "Tokens dropped from memory to make room.", func() float64 { return float64(p.verifier.Stats().Evicted) })
	gauge("auth_verify_entries", "Tokens in memory.", func() float64 { return float64(p.verifier.Stats().Entries) })
	gauge("auth_verify_bytes", "Memory of these tokens, as it is bounded.", func() float64 { return float64(p.verifier.Stats().Bytes) })
	gauge("auth_verify_bound_seconds", "How long a revoked token may pass at most.", func() float64 { return p.verifier.Stats().Bound.Seconds() })
	gauge("auth_verify_lease_seconds", "How long memory may be served without another proof that nothing changed; 0: not served.", func() float64 { return p.verifier.Stats().Lease.Seconds() })
}

// serveMetrics answers /metrics on a port of its own, which no gateway opens.
func serveMetrics(l net.Listener, r *prometheus.Registry, failed chan<- error) (stop func()) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{Registry: r}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	}
}
