package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/graceful"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/httpapi"
	httpoauth "auth.books.test/services/auth-api/internal/httpapi/oauth"
	"auth.books.test/verify/direct"
)

// Serve answers requests on the listener until ctx ends, then stops in order: readiness
// fails and each answer closes its connection; no connection is accepted any more; requests
// in flight finish; background tasks end; the stores are closed.
// ready is called with the address of /metrics as soon as requests are answered.
func Serve(ctx context.Context, c config.Config, l net.Listener, log *slog.Logger, version string, ready func(metrics net.Addr)) error {
	defer l.Close()
	metricsListener, err := Listen("AUTH_API_METRICS_ADDR", string(c.MetricsAddr))
	if err != nil {
		return err
	}
	defer metricsListener.Close()
	redis.SetLogger(direct.RedisLog{Log: log})
	for _, name := range config.Unknown() {
		log.WarnContext(ctx, "auth-api has no setting of this name: `auth-api config` prints all settings", "variable", name)
	}
	for _, name := range c.LimitsOff() {
		log.WarnContext(ctx, "this limit is off: attempts are not counted", "setting", name)
	}
	if c.RegistrationLacksMail() {
		log.WarnContext(ctx, "registration is closed, although AUTH_API_REGISTRATION is open: AUTH_API_SMTP_URL is not set, so that nobody can prove an address")
	}
	if !c.SendsMail() {
		log.InfoContext(ctx, "no mails are sent, and nobody is told of new devices or changed passwords: AUTH_API_SMTP_URL is not set")
	}
	allowGarbage()
	a, err := New(ctx, c, log)
	if err != nil {
		return err
	}
	a.limitMemory(c)
	defer a.Close()
	registry := newRegistry(a)
	server, err := a.newServer(c, registry, version)
	if err != nil {
		return err
	}

	// Background tasks end after the last request.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	wait := a.work(background)
	defer wait()
	defer stop()
	failed := make(chan error, 4)
	go func() { failed <- server.Serve(l) }()
	go func() {
		if err := a.db.Misconfigured(background); err != nil {
			failed <- err
		}
	}()
	go func() {
		if err := a.Passkeys.Moved(background); err != nil {
			failed <- err
		}
	}()
	stopMetrics := serveMetrics(metricsListener, registry, failed)
	defer stopMetrics()
	log.InfoContext(ctx, "serving", "addr", l.Addr().String(), "metrics", metricsListener.Addr().String(), "version", version, "hash_slots", a.hashing.Stats().Slots)
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
	// Give load balancers time to see that readiness fails, and clients time to leave their
	// keep-alive connections.
	time.Sleep(c.ShutdownDelay.Duration)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.ShutdownTimeout.Duration)
	defer cancel()
	return server.Shutdown(limit)
}

func (a *App) newServer(c config.Config, r prometheus.Registerer, version string) (*httpapi.Server, error) {
	return httpapi.New(httpapi.Options{
		Accounts: a.Accounts, Sessions: a.sessions, Personal: a.Personal, Exports: a.exports, Factors: a.Factors, Passkeys: a.Passkeys, Resets: a.mails.Enabled(), Login: a.login, Limits: a.limits, Refusals: a.refusals, Events: a.events, Apps: a.oauth, Keys: c.SigningKeys(), OpenID: a.openID, Verifier: a.sessionDB.Verifier, Clients: a.Callers, Health: a.health, Offers: a.offers, Pages: a.pages(c),
		ClientOrigins: client.NewOrigins(a.apps, time.Now),
		Grants:        a.grants(c),
		Log:           a.log, Metrics: r, Now: time.Now, Version: version,
		PasswordGrant: c.PasswordGrant.On, DocsClient: c.DocsClient.String(), Registration: c.RegistrationOpen(), Realm: string(c.Realm), Issuer: c.Issuer.URL, CORSOrigins: c.CORSOrigins.List, TrustedProxies: c.TrustedProxies.List, MaxConnections: c.MaxConnections.Value,
	})
}

// grants are what the token endpoint issues tokens with.
func (a *App) grants(c config.Config) httpoauth.Grants {
	g := httpoauth.Grants{
		Identifier: a.identifier, Codes: a.oauth, Authorizations: a.authorizations, Refreshes: a.refreshes,
		AccessLifetime: c.AccessLifetime.Duration, PerSecond: c.ClientTokensPerSecond.Value, Alive: c.ClientTokensAlive.Value,
	}
	if c.SigningKeys() != nil {
		g.IDTokens = a.openID
	}
	return g
}

// Listen listens on an address. Its error is one line, and names the variable that the
// address was set with.
func Listen(variable, addr string) (net.Listener, error) {
	l, err := graceful.Listen(addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken: stop what listens there, or set %s to another address", addr, variable)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	return l, nil
}
