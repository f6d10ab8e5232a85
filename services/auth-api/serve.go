package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"auth.books.test/internal/graceful"
	"auth.books.test/services/auth-api/internal/api"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/httpapi"
	"auth.books.test/verify/direct"
)

func serveCommand() *cobra.Command {
	return &cobra.Command{Use: "serve", Short: "Serve the API", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load()
			if err != nil {
				return err
			}
			l, err := listen("AUTH_API_ADDR", string(c.Addr))
			if err != nil {
				return err
			}
			log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: c.LogLevel.Level}))
			return serve(cmd.Context(), c, l, log, nil)
		}}
}

// serve answers on the listener until ctx ends, then stops in order: readiness fails
// and each answer closes its connection; nothing new is taken; requests in flight
// finish; what they left behind is written down.
// Ready is called with the metrics' address as soon as requests are answered.
func serve(ctx context.Context, c config.Config, l net.Listener, log *slog.Logger, ready func(metrics net.Addr)) error {
	defer l.Close()
	metricsListener, err := listen("AUTH_API_METRICS_ADDR", string(c.MetricsAddr))
	if err != nil {
		return err
	}
	defer metricsListener.Close()
	redis.SetLogger(direct.RedisLog{Log: log})
	for _, name := range config.Others() {
		log.WarnContext(ctx, "a variable is named like a setting and is none: auth-api config prints those that there are", "variable", name)
	}
	allowGarbage()
	p, err := assemble(ctx, c, log)
	if err != nil {
		return err
	}
	defer p.close()
	registry := newRegistry(p)
	server, err := newServer(c, p, registry, log)
	if err != nil {
		return err
	}

	// What goes on beside requests ends after them.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	wait := p.work(background)
	defer wait()
	defer stop()
	failed := make(chan error, 3)
	go func() { failed <- server.Serve(l) }()
	go func() {
		if err := p.db.Misconfigured(background); err != nil {
			failed <- err
		}
	}()
	stopMetrics := serveMetrics(metricsListener, registry, failed)
	defer stopMetrics()
	log.InfoContext(ctx, "serving", "addr", l.Addr().String(), "metrics", metricsListener.Addr().String(), "version", version, "hash_slots", p.hashing.Stats().Slots)
	if ready != nil {
		ready(metricsListener.Addr())
	}
	settle()

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.InfoContext(ctx, "stopping", "readiness_fails_for", c.ShutdownDelay.Duration)
	server.Drain()
	// Until those who send requests here have seen that, and left the connections that
	// they keep.
	time.Sleep(c.ShutdownDelay.Duration)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.ShutdownTimeout.Duration)
	defer cancel()
	return server.Shutdown(limit)
}

func newServer(c config.Config, p *parts, r prometheus.Registerer, log *slog.Logger) (*httpapi.Server, error) {
	return httpapi.New(httpapi.Options{
		Accounts: p.accounts, Sessions: p.sessions, Verifier: p.verifier, Clients: p.callers, Health: p.health, Offers: api.NewOffers(p.db),
		Log: log, Metrics: r, Now: time.Now, Version: version,
		PasswordGrant: c.PasswordGrant.On, Issuer: c.Issuer.URL, CORSOrigins: c.CORSOrigins.List, TrustedProxies: c.TrustedProxies.List, MaxConnections: c.MaxConnections.Value,
	})
}

// listen says in one line what is wrong with an address.
func listen(variable, addr string) (net.Listener, error) {
	l, err := graceful.Listen(addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken: stop what listens there, or set %s to another address", addr, variable)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	return l, nil
}

func discardLog() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
