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
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/health"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/services/auth-api/internal/resource"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/services/auth-api/internal/worker"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// parts are what the service is made of, without HTTP.
type parts struct {
	authorizations *authorization.Service
	accounts       *account.Service
	sessions       *session.Service
	login          *login.Service
	resources      *resource.Service
	offers         *resource.Store
	clients        *client.Service
	callers        *client.Authenticator
	records        *client.KeptRecords
	verifier       *verify.Direct
	health         *health.Checker
	hashing        *password.Pool
	workers        *worker.Crew
	tokens         *access.Store
	db             *postgres.DB
	redis          redis.UniversalClient
	log            *slog.Logger
}

// assemble makes the parts. It connects to nothing: stores may come up later.
func assemble(ctx context.Context, c config.Config, log *slog.Logger) (*parts, error) {
	ring, err := token.ParseKeyRing(c.TokenKey.Reveal())
	if err != nil {
		return nil, fmt.Errorf("SESSION_DB_TOKEN_KEY: %w", err)
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
	redisClient, err := verify.Open(c.RedisURL())
	if err != nil {
		return nil, fmt.Errorf("SESSION_DB_URL: %w", err)
	}
	damaged := authorization.NewDamaged()
	verifier, err := verify.NewDirect(redisClient, ring, verify.Options{
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
	people, resources := account.NewStore(db), resource.NewStore(db)
	p.offers = resources
	p.authorizations = authorization.New(authorization.Options{
		DB: db, Records: tokens, Ring: ring, People: people, Assignments: resources, Idle: c.SessionIdle.Duration,
		Now: time.Now, Random: rand.Reader, Log: log, Damaged: damaged,
	})
	p.sessions = session.New(session.NewStore(db), p.authorizations, c.SessionLifetime.Duration)
	p.accounts = account.New(account.Options{
		Store: people, Passwords: p.hashing, Policy: password.NewPolicy("auth.books.test", "auth-api"),
		Authorizations: p.authorizations, Belongings: resources, Random: rand.Reader,
	})
	p.login = login.New(p.accounts, p.sessions)
	records, err := client.Keep(client.NewRedisRecords(redisClient, time.Second), c.VerifyBound.Duration, c.VerifyStrict.On, time.Now)
	if err != nil {
		return nil, err
	}
	p.records = records
	p.callers = client.NewAuthenticator(records)
	p.clients = client.New(client.Options{Store: client.NewStore(db), Records: records, Authorizations: p.authorizations, Random: rand.Reader, Now: time.Now, Log: log})
	p.resources = resource.New(p.authorizations, people, p.clients, rand.Reader)
	p.health = health.New(db, tokens, schema.Current())
	return p, nil
}

// work runs what goes on beside requests until ctx ends, and waits for it.
func (p *parts) work(ctx context.Context) (wait func()) {
	var all sync.WaitGroup
	all.Go(func() { p.authorizations.Relay(ctx) })
	all.Go(func() { p.authorizations.Rebuild(ctx) })
	all.Go(func() { p.tokens.Watch(ctx, p.log) })
	all.Go(func() { p.authorizations.Touch(ctx) })
	all.Go(func() { p.authorizations.Sweep(ctx) })
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
