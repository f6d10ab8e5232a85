// Package authtest gives tests the services of auth-api on real stores: a Postgres
// database and a Redis database of the test's own, a clock that the test moves, and
// password hashes that cost next to nothing.
package authtest

import (
	"context"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/device"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/services/auth-api/internal/passkey"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/services/auth-api/internal/refresh"
	"auth.books.test/services/auth-api/internal/resource"
	"auth.books.test/services/auth-api/internal/servicekey"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// How long the sessions of a World live.
const (
	Idle     = 12 * time.Hour
	Lifetime = 30 * 24 * time.Hour
)

// storeTimeout is longer than in production: the tests of other packages may keep the
// processors busy for longer than a call should take.
const storeTimeout = 5 * time.Second

const (
	tokenKey   = "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	serviceKey = "s1:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

// World is auth-api without HTTP, on the stores of one test.
type World struct {
	Accounts       *account.Service
	Resources      *resource.Service
	Sessions       *session.Service
	Login          *login.Service
	Devices        *device.Tokens
	Limits         *limit.Limiter
	Refusals       *audit.Refusals
	Codes          *code.Codes
	Mails          *mail.Outbox
	Authorizations *authorization.Service
	Factors        *factor.Service
	Passkeys       *passkey.Service

	Ring      *token.KeyRing
	Service   *servicekey.Ring
	People    *account.Store
	Offers    *resource.Store
	Records   *access.Store
	Store     *postgres.DB
	Verifier  *direct.Verifier
	Passwords *password.Pool

	// Hashes counts what Passwords has derived.
	Hashes *Hashes
	// Clients takes the place of the clients that follow their API.
	Clients *Clients
	Clock   *Clock
	// DB and Redis are for the tests themselves.
	DB    *pgxpool.Pool
	Redis Redis

	t testing.TB
}

// Redis is the part of a client that tests use. The client's own type would cost every package
// of tests two seconds of compile time (docs/development.md, "The loop").
type Redis interface {
	redis.Cmdable
	AddHook(redis.Hook)
	Do(ctx context.Context, args ...any) *redis.Cmd
}

// Stores are the URLs of a World's stores. One that is empty is made for the test.
type Stores struct {
	Postgres, Redis string
	// Tracer, if set, sees the statements of the services.
	Tracer pgx.QueryTracer
}

// maxConns is how many connections to Postgres the services of a World have.
const maxConns = 8

// New makes a World on stores of its own.
func New(t testing.TB) *World {
	t.Helper()
	return On(t, Stores{})
}

// On makes a World on stores that the test may break or share between Worlds.
func On(t testing.TB, s Stores) *World {
	t.Helper()
	w := &World{t: t, Clock: &Clock{}, Hashes: &Hashes{}, Clients: &Clients{}}
	w.Ring, w.Service = must(token.ParseKeyRing(tokenKey))(t), must(servicekey.Parse(serviceKey))(t)
	w.openPostgres(s)
	client := w.openRedis(s.Redis)
	w.Verifier = must(direct.New(w.Redis, w.Ring, direct.Options{Strict: true, Now: w.Clock.Now}))(t)
	t.Cleanup(func() { _ = w.Verifier.Close() })
	w.Records = access.NewStore(client, w.Ring, storeTimeout, w.Verifier)
	w.People, w.Offers = account.NewStore(w.Store), resource.NewStore(w.Store)
	w.Authorizations = w.Replica()
	hasher := must(password.NewHasher(password.DefaultParams(), password.Peppers{}, rand.Reader, w.Hashes.derive))(t)
	w.Passwords = password.NewPool(hasher, password.PoolOptions{Slots: 8, Wait: storeTimeout})
	w.Codes, w.Mails = code.New(w.Store, w.Service, rand.Reader, w.Clock.Now), w.outbox(true)
	w.Accounts = account.New(w.AccountOptions())
	w.Resources = resource.New(w.Authorizations, w.People, w.Clients, rand.Reader)
	w.Sessions = session.New(session.NewStore(w.Store), w.Authorizations, Lifetime)
	w.Factors = factor.New(w.FactorOptions())
	w.Passkeys = must(passkey.New(w.PasskeyOptions()))(t)
	w.Devices = device.New(w.Service, rand.Reader, w.Clock.Now)
	w.Refusals = audit.NewRefusals(w.Store, w.Clock.Now, rand.Reader, discard())
	w.Limit(wide())
	return w
}

// PasskeyOptions are those of Passkeys.
func (w *World) PasskeyOptions() passkey.Options {
	return passkey.Options{
		DB: w.Store, Authorizations: w.Authorizations, Factors: w.Factors, Mails: w.Mails, Ring: w.Service, Random: rand.Reader, Now: w.Clock.Now,
		Party: passkey.Party{ID: "auth.books.test", Name: "Books", Origins: []string{"https://auth.books.test"}},
	}
}

// Limit replaces the limits of sign-ins.
func (w *World) Limit(rates limit.Rates) {
	w.Limits = limit.New(limit.Options{Rates: rates, Redis: w.Redis, Timeout: storeTimeout, Key: []byte(tokenKey), Now: w.Clock.Now, Log: discard()})
	w.Login = login.New(w.Accounts, w.Sessions, w.Devices, w.Limits, w.Refusals, w.Mails, w.Factors, w.Passkeys)
}

// Replica is one more service of authorizations on the same stores.
func (w *World) Replica() *authorization.Service {
	return authorization.New(authorization.Options{
		DB: w.Store, Records: w.Records, Ring: w.Ring, Refreshes: refresh.New(w.Service), Audit: w.Recorder(), People: w.People, Assignments: w.Offers, Idle: Idle,
		Now: w.Clock.Now, Random: rand.Reader, Log: discard(),
	})
}

// outbox is that of mails, which nobody sends.
func (w *World) outbox(enabled bool) *mail.Outbox {
	return mail.New(mail.Options{DB: w.Store, Enabled: enabled, Now: w.Clock.Now, Random: rand.Reader, Log: discard()})
}

// WithoutMail is an outbox of a service that sends no mails.
func (w *World) WithoutMail() *mail.Outbox { return w.outbox(false) }

// Recorder records events at the time of the World's clock.
func (w *World) Recorder() *audit.Recorder { return audit.New(w.Clock.Now, rand.Reader) }

// AccountOptions are what Accounts is made of, for tests that replace a part.
func (w *World) AccountOptions() account.Options {
	return account.Options{
		Codes: w.Codes, Mails: w.Mails,
		Store: w.People, Passwords: w.Passwords, Preferred: w.Passwords.Preferred(), Policy: password.NewPolicy("auth.books.test"),
		Authorizations: w.Authorizations, Belongings: w.Offers, Factors: factor.NewStore(w.Store), Audit: w.Recorder(), Random: rand.Reader,
	}
}

// FactorOptions are what Factors is made of, for tests that replace a part.
func (w *World) FactorOptions() factor.Options {
	return factor.Options{
		Store: factor.NewStore(w.Store), Authorizations: w.Authorizations, People: w.People, Mails: w.Mails, Ring: w.Service, Name: "Books", Random: rand.Reader, Now: w.Clock.Now,
	}
}

func (w *World) openPostgres(s Stores) {
	w.t.Helper()
	url := s.Postgres
	if url == "" {
		url = schematest.Database(w.t)
	}
	w.DB = must(pgxpool.New(context.Background(), url))(w.t)
	w.t.Cleanup(w.DB.Close)
	pool := must(pgxpool.ParseConfig(url))(w.t)
	pool.MaxConns, pool.ConnConfig.Tracer = maxConns, s.Tracer
	w.Store = must(postgres.Open(context.Background(), postgres.Options{Pool: pool, Timeout: storeTimeout, Now: time.Now, Log: discard()}))(w.t)
	w.t.Cleanup(w.Store.Close)
}

func (w *World) openRedis(url string) *redis.Client {
	w.t.Helper()
	if url == "" {
		url = devtest.Redis(w.t)
	}
	options := must(direct.RedisOptions(url))(w.t)
	options.ReadTimeout, options.WriteTimeout = storeTimeout, storeTimeout
	client := redis.NewClient(options)
	w.Redis = client
	w.t.Cleanup(func() { _ = client.Close() })
	w.MarkRebuilt()
	return client
}

// MarkRebuilt sets the marker of a rebuild. Without it, a verifier could not tell a dead
// token from a lost record. Redis may be out of reach on purpose: then there is nothing to
// mark.
func (w *World) MarkRebuilt() {
	w.t.Helper()
	if err := w.Redis.Set(context.Background(), token.RebuiltKey, "partly:", 0).Err(); err != nil {
		w.t.Log(err)
	}
}

// wide are limits that no test reaches.
func wide() limit.Rates {
	r := limit.Rate{Attempts: 1_000_000, Period: time.Minute}
	return limit.Rates{SignIn: r, SignInOverall: r}
}

// SQL runs a statement past all services.
func (w *World) SQL(statement string, args ...any) {
	w.t.Helper()
	if _, err := w.DB.Exec(context.Background(), statement, args...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

// Text reads one value, as text, past all services. No row gives "".
func (w *World) Text(query string, args ...any) (text string) {
	w.t.Helper()
	if err := w.DB.QueryRow(context.Background(), "SELECT coalesce(("+query+")::text, '')", args...).Scan(&text); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return text
}

// Register makes an account with a verified address and gives its id.
func (w *World) Register(email, password string) uuid.UUID {
	w.t.Helper()
	return must(w.Accounts.Create(context.Background(), email, password, true))(w.t)
}

// Unproved makes an account whose address nobody has proved, as an operator can, and gives its
// id.
func (w *World) Unproved(email, password string) uuid.UUID {
	w.t.Helper()
	return must(w.Accounts.Create(context.Background(), email, password, false))(w.t)
}

// SignIn opens a session with a password.
func (w *World) SignIn(email, password string) login.Opened {
	w.t.Helper()
	return must(w.Login.Password(context.Background(), login.Attempt{Email: email, Password: password}))(w.t)
}

// must gives the value, or ends the test with the error.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
