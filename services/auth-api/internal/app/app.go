// Package app wires the parts of the service, starts them, and stops them in order.
package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"auth.books.test/schema"
	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/device"
	"auth.books.test/services/auth-api/internal/export"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/health"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/services/auth-api/internal/oauth"
	"auth.books.test/services/auth-api/internal/passkey"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/password/worker"
	"auth.books.test/services/auth-api/internal/personal"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/services/auth-api/internal/refresh"
	"auth.books.test/services/auth-api/internal/resource"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/services/auth-api/internal/sessiondb"
	"auth.books.test/verify/direct"
)

// App has the parts of the service, without HTTP.
type App struct {
	Accounts  *account.Service
	Resources *resource.Service
	Clients   *client.Service
	Callers   *client.Authenticator
	Personal  *personal.Service
	Factors   *factor.Service
	Passkeys  *passkey.Service

	authorizations *authorization.Service
	sessions       *session.Service
	oauth          *oauth.Service
	refreshes      *refresh.Tokens
	apps           *client.Store
	identifier     *client.Identifier
	login          *login.Service
	limits         *limit.Limiter
	codes          *code.Codes
	mails          *mail.Outbox
	events         *audit.Store
	exports        *export.Service
	refusals       *audit.Refusals
	offers         *resource.Store
	openID         *oauth.OpenID
	health         *health.Checker
	hashing        *password.Pool
	workers        *worker.Pool
	db             *postgres.DB
	sessionDB      *sessiondb.DB
	log            *slog.Logger
	closers        []func()
}

// New wires the parts. The stores need not be up yet. Close ends what New began, such as
// tracking changes in Redis.
func New(ctx context.Context, c config.Config, log *slog.Logger) (_ *App, err error) {
	a := &App{log: log}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if err := a.openHashing(c); err != nil {
		return nil, err
	}
	sealer, err := client.NewSealer(c.ServiceRing())
	if err != nil {
		return nil, fmt.Errorf("AUTH_API_SERVICE_KEY: %w", err)
	}
	// damaged carries the hashes of bad records from the verifier to authorizations, which
	// rewrites those records.
	damaged := authorization.NewDamaged()
	if err := a.openStores(ctx, c, damaged); err != nil {
		return nil, err
	}
	records, err := client.NewCachedRecords(client.NewRedisRecords(a.sessionDB.Redis, sealer, sessiondb.Timeout), c.VerifyBound.Duration, c.VerifyStrict.On, time.Now)
	if err != nil {
		return nil, err
	}
	a.onClose(func() { _ = records.Close() })

	people := account.NewStore(a.db)
	a.offers = resource.NewStore(a.db)
	recorder := audit.New(time.Now, rand.Reader)
	a.events, a.refusals = audit.NewStore(a.db), audit.NewRefusals(a.db, time.Now, rand.Reader, log)
	a.refreshes = refresh.New(c.ServiceRing())
	a.authorizations = authorization.New(authorization.Options{
		DB: a.db, Records: a.sessionDB.Tokens, Ring: c.TokenRing(), Refreshes: a.refreshes, Audit: recorder, People: people, Assignments: a.offers, Idle: c.SessionIdle.Duration,
		Now: time.Now, Random: rand.Reader, Log: log, Damaged: damaged,
	})
	a.sessions = session.New(session.NewStore(a.db), a.authorizations, c.SessionLifetime.Duration)
	a.Personal = personal.New(personal.NewStore(a.db), a.authorizations, c.PersonalLifetime.Duration)
	a.codes = code.New(a.db, c.ServiceRing(), rand.Reader, time.Now)
	a.mails = a.newOutbox(c, recorder)
	a.Accounts = account.New(account.Options{
		Store: people, Passwords: a.hashing, Preferred: a.hashing.Preferred(), Policy: password.NewPolicy(append(c.PasswordNames.List, string(c.Realm))...),
		Authorizations: a.authorizations, Belongings: a.offers, Factors: factor.NewStore(a.db), Audit: recorder, Codes: a.codes, Mails: a.mails, Random: rand.Reader,
	})
	a.Factors = factor.New(factor.Options{
		Store: factor.NewStore(a.db), Authorizations: a.authorizations, People: people, Mails: a.mails, Ring: c.ServiceRing(), Name: string(c.Name), Random: rand.Reader, Now: time.Now,
	})
	domain, origins := c.PasskeyParty()
	a.Passkeys, err = passkey.New(passkey.Options{
		DB: a.db, Authorizations: a.authorizations, Factors: a.Factors, Mails: a.mails, Ring: c.ServiceRing(), Random: rand.Reader, Now: time.Now,
		Party: passkey.Party{ID: domain, Name: string(c.Name), Origins: origins},
	})
	if err != nil {
		return nil, fmt.Errorf("AUTH_API_PASSKEY_RP_ID, AUTH_API_PASSKEY_ORIGINS: %w", err)
	}
	a.limits = newLimits(c, a.sessionDB.Redis, log)
	a.login = login.New(a.Accounts, a.sessions, device.New(c.ServiceRing(), rand.Reader, time.Now), a.limits, a.refusals, a.mails, a.Factors, a.Passkeys)
	a.Callers = client.NewAuthenticator(records)
	a.apps = client.NewStore(a.db)
	a.identifier = client.NewIdentifier(a.apps, ownNames(c.Issuer.URL), time.Now)
	a.Clients = client.New(client.Options{
		Store: a.apps, Records: records, Authorizations: a.authorizations, Audit: recorder, Random: rand.Reader, Now: time.Now, Log: log,
	})
	a.oauth = oauth.New(oauth.Options{
		DB: a.db, Apps: a.apps, APIs: a.offers, Names: a.apps, Authorizations: a.authorizations, Issuer: c.Issuer.URL, Ring: c.ServiceRing(),
		AccessLifetime: c.AccessLifetime.Duration, RefreshLifetime: c.RefreshLifetime.Duration, Now: time.Now, Random: rand.Reader,
		Hints: hints(c),
	})
	a.openID = &oauth.OpenID{DB: a.db, People: people, Roles: a.offers, Keys: c.SigningKeys(), Issuer: c.Issuer.URL, Now: time.Now}
	a.Resources = resource.New(a.authorizations, people, a.Clients, rand.Reader)
	a.exports = export.New(export.Options{
		Accounts: a.Accounts, Sessions: a.sessions, Consents: a.authorizations, Names: a.apps, Tokens: a.Personal, Roles: a.offers, Events: a.events, Mails: a.mails, Codes: a.codes, Factors: a.Factors, Passkeys: a.Passkeys, Now: time.Now,
	})
	a.health = health.New(a.db, a.sessionDB.Tokens, schema.Current())
	return a, nil
}

// ownNames are the audiences that an assertion of a client may have: the issuer, and the
// endpoints at which clients authenticate (RFC 7523, section 3; RFC 9126, section 2). Without
// an issuer no assertion can be checked.
func ownNames(issuer string) []string {
	if issuer == "" {
		return nil
	}
	return []string{issuer, issuer + route.Token, issuer + route.PushedRequest}
}

// openStores opens Postgres and Redis.
func (a *App) openStores(ctx context.Context, c config.Config, damaged authorization.Damaged) (err error) {
	if a.db, err = OpenPostgres(ctx, c, a.log); err != nil {
		return err
	}
	a.onClose(a.db.Close)
	a.sessionDB, err = sessiondb.Open(c.RedisURL(), c.TokenRing(), direct.Options{
		Strict: c.VerifyStrict.On, CacheBytes: int64(c.VerifyCache.Value) << 20, Bound: c.VerifyBound.Duration, Log: a.log,
		Damaged: damaged.Note,
	})
	if err != nil {
		return err
	}
	a.onClose(a.sessionDB.Close)
	return nil
}

func (a *App) onClose(do func()) { a.closers = append(a.closers, do) }

// Close closes what was opened, in reverse order.
func (a *App) Close() {
	for _, do := range slices.Backward(a.closers) {
		do()
	}
	a.closers = nil
}

// work starts the background tasks, which run until ctx ends. wait waits for them.
func (a *App) work(ctx context.Context) (wait func()) {
	var all sync.WaitGroup
	all.Go(func() { a.authorizations.Relay(ctx) })
	all.Go(func() { a.authorizations.Rebuild(ctx) })
	all.Go(func() { a.sessionDB.Tokens.Watch(ctx, a.log) })
	all.Go(func() { a.authorizations.Touch(ctx) })
	all.Go(func() { a.authorizations.Sweep(ctx) })
	all.Go(func() { a.oauth.Sweep(ctx, a.log) })
	all.Go(func() { a.codes.Sweep(ctx, a.log) })
	all.Go(func() { a.Factors.Sweep(ctx, a.log) })
	all.Go(func() { a.Passkeys.Sweep(ctx, a.log) })
	all.Go(func() {
		personal.Reminder{Tokens: a.Personal, People: account.NewStore(a.db), Mails: a.mails, Now: time.Now, Log: a.log}.Run(ctx)
	})
	all.Go(func() { a.Clients.Reconcile(ctx) })
	all.Go(func() { a.Clients.Sweep(ctx) })
	all.Go(func() { a.refusals.Run(ctx) })
	all.Go(func() { a.mails.Run(ctx) })
	all.Go(func() { a.warnOfStrays(ctx) })
	all.Go(func() { a.Accounts.WriteMisses(ctx, a.log) })
	return all.Wait
}
