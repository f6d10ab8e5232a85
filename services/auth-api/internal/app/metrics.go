package app

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

// newRegistry registers the metrics of all parts but HTTP: package httpapi adds its own.
func newRegistry(a *App) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	gauge("auth_hash_slots", "How many passwords may be hashed at once.", func() float64 { return float64(a.hashing.Stats().Slots) })
	gauge("auth_hash_busy", "How many passwords are being hashed.", func() float64 { return float64(a.hashing.Stats().Busy) })
	gauge("auth_hash_queued", "How many sign-ins wait for a slot.", func() float64 { return float64(a.hashing.Stats().Queued) })
	counter("auth_hash_refused_total", "Sign-ins refused because the queue was full or slow.", func() float64 { return float64(a.hashing.Stats().Refused) })
	counter("auth_hash_dropped_total", "Sign-ins whose client disconnected before their turn.", func() float64 { return float64(a.hashing.Stats().Dropped) })
	gauge("auth_hash_workers", "Processes that hash passwords, or wait for the next.", func() float64 { return float64(a.workers.Stats().Workers) })
	counter("auth_hash_overdue_total", "Hashes that a worker did not finish in time; they were repeated with normal priority.", func() float64 { return float64(a.workers.Stats().TimedOut) })
	counter("auth_hash_lost_total", "Hashes whose worker process crashed; they were repeated.", func() float64 { return float64(a.workers.Stats().Crashed) })
	counter("auth_hash_alone_total", "Hashes computed in the service's own process, since no worker could be started.", func() float64 { return float64(a.workers.Stats().InProcess) })
	gauge("auth_db_connections_in_use", "Connections to Postgres in use.", func() float64 { return float64(a.db.Stat().AcquiredConns()) })
	gauge("session_db_connections_in_use", "Connections to Redis in use.", func() float64 { return float64(a.sessionDB.InUse()) })
	counter("auth_session_db_rebuilds_total", "How often this replica rebuilt the records in Redis from Postgres.", func() float64 { return float64(a.authorizations.Rebuilds()) })
	gauge("auth_outbox_waiting", "Changes that have not reached Redis yet; NaN if Postgres does not answer.", func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
		defer cancel()
		n, err := a.authorizations.Waiting(ctx)
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	})
	gauge("auth_audit_stray", "1 if events are in the default partition, because that of their month is missing; NaN if Postgres does not answer.", a.stray)
	counter("auth_audit_dropped_total", "Refusals that were not recorded as events, because there were too many or Postgres did not answer.", func() float64 { return float64(a.refusals.Dropped()) })
	gauge("auth_mails_waiting", "Mails that are not sent yet; NaN if Postgres does not answer.", func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
		defer cancel()
		n, err := a.mails.Waiting(ctx)
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	})
	r.MustRegister(a.mails.Collectors()...)
	r.MustRegister(a.limits.Collectors()...)
	r.MustRegister(newVerification(a.sessionDB.Verifier.Stats))
	return r
}

// serveMetrics serves /metrics on a port of its own, which gateways do not expose.
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
