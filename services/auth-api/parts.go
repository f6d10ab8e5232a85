package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/schema"
	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/api"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/health"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/services/auth-api/internal/servicekey"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/services/auth-api/internal/worker"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// parts are what the service is made of, without HTTP.
type parts struct {
	accounts *account.Service
	sessions *session.Service
	apis     *api.Service
	clients  *client.Service
	callers  *client.Authenticator
	records  *client.KeptRecords
	verifier *direct.Verifier
	health   *health.Checker
	hashing  *password.Pool
	workers  *worker.Crew
	tokens   *access.Store
	db       *postgres.DB
	redis    redis.UniversalClient
	log      *slog.Logger
}

// assemble makes the parts. It connects to nothing: stores may come up later.
func assemble(ctx context.Context, c config.Config, log *slog.Logger) (*parts, error) {
	ring, err := token.ParseKeyRing(c.TokenKey.Reveal())
	if err != nil {
		return nil, fmt.Errorf("SESSION_DB_TOKEN_KEY: %w", err)
	}
	serviceRing, err := servicekey.Parse(c.ServiceKey.Reveal())
	if err != nil {
		return nil, fmt.Errorf("AUTH_API_SERVICE_KEY: %w", err)
	}
	sealer, err := client.NewSealer(serviceRing)
	if err != nil {
		return nil, fmt.Errorf("AUTH_API_SERVICE_KEY: %w", err)
	}
	workers, err := newCrew(log)
	if err != nil {
		return nil, err
	}
	hasher, err := newHasher(c, workers)
	if err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, postgres.Options{
		URL: c.PostgresURL(), MaxConns: c.AuthDBConns.Value, Timeout: c.AuthDBTimeout.Duration, Now: time.Now, Log: log,
	})
	if err != nil {
		return nil, err
	}
	redisClient, err := direct.Open(c.RedisURL())
	if err != nil {
		return nil, fmt.Errorf("SESSION_DB_URL: %w", err)
	}
	damaged := session.NewDamaged()
	verifier, err := direct.New(redisClient, ring, direct.Options{
		Strict: c.VerifyStrict.On, CacheBytes: int64(c.VerifyCache.Value) << 20, Bound: c.VerifyBound.Duration, Log: log,
		Damaged: damaged.Note,
	})
	if err != nil {
		return nil, err
	}

	p := &parts{db: db, redis: redisClient, verifier: verifier, workers: workers, log: log}
	p.hashing = newHashing(c, hasher, workers)
	tokens := access.NewStore(redisClient, ring, time.Second, verifier)
	p.tokens = tokens
	p.sessions = session.New(session.Options{
		Store: session.NewStore(db), Tokens: tokens, Issuer: access.NewIssuer(ring, rand.Reader),
		Lifetimes: session.Lifetimes{Idle: c.SessionIdle.Duration, Absolute: c.SessionLifetime.Duration},
		Now:       time.Now, Random: rand.Reader, Log: log, Damaged: damaged,
	})
	p.accounts = account.New(account.NewStore(db), p.hashing,
		password.NewPolicy("auth.books.test", "auth-api"), p.sessions, rand.Reader)
	records, err := client.Keep(client.NewRedisRecords(redisClient, sealer, time.Second), c.VerifyBound.Duration, c.VerifyStrict.On, time.Now)
	if err != nil {
		return nil, err
	}
	p.records = records
	p.callers = client.NewAuthenticator(records)
	p.clients = client.New(client.Options{Store: client.NewStore(db), Records: records, Random: rand.Reader, Now: time.Now, Log: log})
	p.apis = api.New(p.sessions, p.clients, rand.Reader)
	p.health = health.New(db, tokens, schema.Current())
	return p, nil
}

// work runs what goes on beside requests until ctx ends, and waits for it.
func (p *parts) work(ctx context.Context) (wait func()) {
	var all sync.WaitGroup
	all.Go(func() { p.sessions.Relay(ctx) })
	all.Go(func() { p.sessions.Rebuild(ctx) })
	all.Go(func() { p.tokens.Watch(ctx, p.log) })
	all.Go(func() { p.sessions.Touch(ctx) })
	all.Go(func() { p.sessions.Sweep(ctx) })
	all.Go(func() { p.clients.Reconcile(ctx) })
	return all.Wait
}

func (p *parts) close() {
	p.db.Close()
	_ = p.verifier.Close()
	_ = p.records.Close()
	_ = p.redis.Close()
	p.workers.Close()
}
