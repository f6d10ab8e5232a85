package session_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// world is a session service on real stores.
type world struct {
	*session.Service
	t        *testing.T
	db       *pgxpool.Pool // for the tests themselves
	store    *postgres.DB
	redis    *redis.Client
	verifier verify.Verifier
	tokens   *access.Store
	issuer   *access.Issuer
	clock    *clock
	account  uuid.UUID
}

// clock can be moved; Redis's own cannot, so records end by the verifier's.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time        { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) move(by time.Duration) { c.offset.Add(int64(by)) }

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, schematest.Database(t), devtest.Redis(t))
}

func newWorldOn(t *testing.T, postgresURL, redisURL string) *world {
	t.Helper()
	db, err := pgxpool.New(t.Context(), postgresURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	store, err := postgres.Open(t.Context(), postgres.Options{URL: postgresURL, MaxConns: 8, Timeout: 3 * time.Second, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	options, err := direct.RedisOptions(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	// Other packages' tests take the processors for longer than a call may take.
	options.ReadTimeout, options.WriteTimeout = 5*time.Second, 5*time.Second
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	// Nothing is lost, but it is not known yet that nothing else is there.
	if err := client.Set(t.Context(), token.RebuiltKey, "partly:", 0).Err(); err != nil {
		t.Log(err) // It is not there, as some tests want it.
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	ring, err := token.ParseKeyRing("t1:" + base64.StdEncoding.EncodeToString(key))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, store: store, redis: client, clock: &clock{}}
	direct, err := direct.New(client, ring, direct.Options{Strict: true, Now: w.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = direct.Close() })
	w.verifier = direct
	w.tokens, w.issuer = access.NewStore(client, ring, 5*time.Second, direct), access.NewIssuer(ring, rand.Reader)
	w.Service = w.replica()
	w.account = w.newAccount("ada@books.test")
	return w
}

// replica is one more service on the same stores.
func (w *world) replica() *session.Service {
	return session.New(session.Options{
		Store: session.NewStore(w.store), Tokens: w.tokens, Issuer: w.issuer,
		Lifetimes: session.Lifetimes{Idle: 12 * time.Hour, Absolute: 30 * 24 * time.Hour},
		Now:       w.clock.now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
}

func (w *world) newAccount(email string) uuid.UUID {
	w.t.Helper()
	id := uuid.Must(uuid.NewV7())
	w.sql(`INSERT INTO accounts (id, email, password_hash) VALUES ($1, $2, 'unused')`, id, email)
	return id
}

// grant gives the account a role of an API.
func (w *world) grant(api string, scopes ...string) {
	w.t.Helper()
	apiID, roleID := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	w.sql(`INSERT INTO apis (id, audience, scopes) VALUES ($1, $2, $3)`, apiID, api, scopes)
	w.sql(`INSERT INTO roles (id, api_id, name, scopes) VALUES ($1, $2, 'reader', $3)`, roleID, apiID, scopes)
	w.sql(`INSERT INTO grants (account_id, role_id) VALUES ($1, $2)`, w.account, roleID)
}

func (w *world) sql(statement string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Exec(context.Background(), statement, args...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

func (w *world) open() session.Opened {
	w.t.Helper()
	o, err := w.Open(w.t.Context(), session.Opening{AccountID: w.account, PasswordVersion: 1, Device: "test"})
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

func (w *world) verify(o session.Opened) (verify.Principal, error) {
	got, err := w.verifier.Verify(w.t.Context(), o.Token.Reveal())
	if err != nil {
		return verify.Principal{}, err
	}
	return *got, nil
}

func (w *world) alive(o session.Opened) bool {
	w.t.Helper()
	_, err := w.verify(o)
	if err != nil && !errors.Is(err, verify.ErrInvalidToken) {
		w.t.Fatal(err)
	}
	return err == nil
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code {
		t.Errorf("got %v, want code %s", err, code)
	}
}

func TestOpenedSessionVerifiesAsItsAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read", "books:write")
	w.grant("shop", "shop:buy")
	ip := netip.MustParseAddr("2001:db8::7")
	o, err := w.Open(t.Context(), session.Opening{AccountID: w.account, PasswordVersion: 1, Device: strings.Repeat("ü", 200) + "\x00\xff", IP: ip})
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.verify(o)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != w.account.String() || got.Authorization != o.ID.String() || got.Email != "ada@books.test" ||
		!slices.Equal(got.Audiences, []string{"books", "shop"}) || !slices.Equal(got.Scopes, []string{"account", "books:read", "books:write", "shop:buy"}) ||
		!got.ExpiresAt.Equal(o.ExpiresAt) || !got.IdleExpiresAt.Equal(o.IdleExpiresAt) {
		t.Errorf("got %+v", got)
	}
	listed, err := w.List(t.Context(), w.account)
	if err != nil || len(listed) != 1 {
		t.Fatalf("listed %v, %v", listed, err)
	}
	if l := listed[0]; l.ID != o.ID || l.IP != ip || l.Device != strings.Repeat("ü", 128) || !l.ExpiresAt.Equal(o.ExpiresAt) || o.ID.Version() != 7 {
		t.Errorf("listed %+v", l)
	}
}

func TestTokenHasTheScopesThatWereAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read", "books:write")
	w.grant("shop", "shop:buy")
	for _, c := range []struct {
		wanted, scopes, audiences []string
		code                      fault.Code
	}{
		{wanted: []string{"books:read"}, scopes: []string{"books:read"}, audiences: []string{"books"}},
		{wanted: []string{"account"}, scopes: []string{"account"}},
		{wanted: []string{"shop:buy", "books:write", "books:write"}, scopes: []string{"books:write", "shop:buy"}, audiences: []string{"books", "shop"}},
		{wanted: []string{"books:read", "books:burn"}, code: fault.InvalidScope},
	} {
		o, err := w.Open(t.Context(), session.Opening{AccountID: w.account, PasswordVersion: 1, Scopes: c.wanted})
		if c.code != "" {
			wantCode(t, err, c.code)
			continue
		}
		if err != nil || !slices.Equal(o.Scopes, c.scopes) || !slices.Equal(o.Audiences, c.audiences) {
			t.Errorf("wanted %v, got %v at %v, %v", c.wanted, o.Scopes, o.Audiences, err)
		}
	}
}

func TestRefusesToOpen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql     string
		version int64
		code    fault.Code
	}{
		"a disabled account":            {"UPDATE accounts SET status = 'disabled'", 1, fault.AccountDisabled},
		"a password that was changed":   {"UPDATE accounts SET password_version = 2", 1, fault.InvalidCredentials},
		"an account that was deleted":   {"DELETE FROM accounts", 1, fault.InvalidCredentials},
		"without a table to write into": {"DROP TABLE sessions", 1, fault.StoreUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.sql(c.sql)
			_, err := w.Open(t.Context(), session.Opening{AccountID: w.account, PasswordVersion: c.version})
			wantCode(t, err, c.code)
			if n := w.redis.DBSize(t.Context()).Val(); n != 1 { // the mark of a rebuild
				t.Errorf("%d records left in Redis", n-1)
			}
		})
	}
}

func TestEveryRevocationEndsWhatItSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		revoke func(w *world, s [3]session.Opened) session.Revocation
		alive  [3]bool
	}{
		{"one", func(w *world, s [3]session.Opened) session.Revocation {
			return session.Revocation{Only: s[1].ID, Reason: session.RevokedOne}
		}, [3]bool{true, false, true}},
		{"the others", func(w *world, s [3]session.Opened) session.Revocation {
			return session.Revocation{Keep: s[1].ID, Reason: session.RevokedOthers}
		}, [3]bool{false, true, false}},
		{"all", func(w *world, s [3]session.Opened) session.Revocation {
			return session.Revocation{Reason: session.RevokedAll}
		}, [3]bool{}},
		{"all, as the account goes", func(w *world, s [3]session.Opened) session.Revocation {
			return session.Revocation{Reason: session.AccountDeleted, Change: func(ctx context.Context, tx pgx.Tx) error {
				_, err := tx.Exec(ctx, "DELETE FROM accounts WHERE id = $1", w.account)
				return err
			}}
		}, [3]bool{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mine := [3]session.Opened{w.open(), w.open(), w.open()}
			other := w.newAccount("grace@books.test")
			theirs, err := w.Open(t.Context(), session.Opening{AccountID: other, PasswordVersion: 1})
			if err != nil {
				t.Fatal(err)
			}
			r := c.revoke(w, mine)
			r.AccountID = w.account
			if err := w.Revoke(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			live := 0
			for i, o := range mine {
				if w.alive(o) != c.alive[i] {
					t.Errorf("session %d: alive %v, want %v", i, !c.alive[i], c.alive[i])
				}
				if c.alive[i] {
					live++
				}
			}
			if !w.alive(theirs) {
				t.Error("another account's session ended")
			}
			if listed, err := w.List(t.Context(), w.account); err != nil || len(listed) != live {
				t.Errorf("listed %d, %v; want %d", len(listed), err, live)
			}
			if n := w.count("SELECT count(*) FROM token_syncs"); n != 0 {
				t.Errorf("%d tokens stay queued", n)
			}
		})
	}
}

func TestEndsOnlyOnesOwnSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.open()
	other := w.newAccount("grace@books.test")
	wantCode(t, w.Revoke(t.Context(), session.Revocation{AccountID: other, Only: mine.ID, Reason: session.RevokedOne}), fault.SessionNotFound)
	if !w.alive(mine) {
		t.Error("another account ended it")
	}
	if err := w.Revoke(t.Context(), session.Revocation{AccountID: w.account, Only: mine.ID, Reason: session.RevokedOne}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.Revoke(t.Context(), session.Revocation{AccountID: w.account, Only: mine.ID, Reason: session.RevokedOne}), fault.SessionNotFound)
}

func TestFailedChangeEndsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	refusal := fault.New(fault.WrongPassword, "no")
	err := w.Revoke(t.Context(), session.Revocation{AccountID: w.account, Reason: session.PasswordChanged,
		Change: func(context.Context, pgx.Tx) error { return refusal }})
	wantCode(t, err, fault.WrongPassword)
	if !w.alive(o) || w.count("SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL") != 0 {
		t.Error("a change that failed ended a session")
	}
}

func TestChangeShowsInLiveTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live, ended := w.open(), w.open()
	if err := w.Revoke(t.Context(), session.Revocation{AccountID: w.account, Only: ended.ID, Reason: session.SignedOut}); err != nil {
		t.Fatal(err)
	}
	rename := func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE accounts SET name = 'Ada' WHERE id = $1", w.account)
		return err
	}
	if err := w.Change(t.Context(), w.account, rename); err != nil {
		t.Fatal(err)
	}
	if got, err := w.verify(live); err != nil || got.Name != "Ada" {
		t.Errorf("the live token says %q, %v", got.Name, err)
	}
	if w.alive(ended) {
		t.Error("a change brought an ended token back")
	}
	none := w.newAccount("grace@books.test")
	if err := w.Change(t.Context(), none, func(context.Context, pgx.Tx) error { return nil }); err != nil {
		t.Errorf("an account without sessions: %v", err)
	}
}

func TestSessionEndsWhenIdleAndAtItsLifetime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after time.Duration
		alive bool
	}{
		"just before the idle end": {12*time.Hour - 2*time.Second, true},
		"at the idle end":          {12 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			o := w.open()
			w.clock.move(c.after)
			if w.alive(o) != c.alive {
				t.Errorf("alive: %v, want %v", !c.alive, c.alive)
			}
		})
	}
	t.Run("used all the time", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		o := w.open()
		// A Touch that is ended at once writes down what is there.
		ended, end := context.WithCancel(t.Context())
		end()
		used := 0
		for w.clock.move(11 * time.Hour); ; w.clock.move(11 * time.Hour) {
			principal, err := w.verify(o)
			if err != nil {
				break
			}
			used++
			w.Seen(&principal, w.clock.now())
			w.Touch(ended)
			next, err := w.verify(o)
			if err != nil || !next.IdleExpiresAt.After(principal.IdleExpiresAt) && !next.IdleExpiresAt.Equal(next.ExpiresAt) {
				t.Fatalf("use %d was not written down: %v, %v", used, next.IdleExpiresAt, err)
			}
		}
		if want := 30 * 24 / 11; used != want || w.alive(o) {
			t.Errorf("used %d times, want %d; alive %v after the lifetime", used, want, w.alive(o))
		}
	})
}

func TestUsesAreWrittenDownOnceAnInterval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	ctx, stop := context.WithCancel(t.Context())
	principal, err := w.verify(o)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.move(20 * time.Minute) // less than 12 h / 24
	w.Seen(&principal, w.clock.now())
	stop()
	w.Touch(ctx)
	if after, _ := w.verify(o); !after.IdleExpiresAt.Equal(principal.IdleExpiresAt) {
		t.Error("a use within the interval was written down")
	}
	w.clock.move(20 * time.Minute)
	w.Seen(&principal, w.clock.now())
	w.Touch(ctx)
	if after, _ := w.verify(o); !after.IdleExpiresAt.After(principal.IdleExpiresAt) {
		t.Error("a use after the interval was lost when the service stopped")
	}
}

func TestTouchNeverRevives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	principal, err := w.verify(o)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.move(time.Hour)
	w.Seen(&principal, w.clock.now())
	if err := w.Revoke(t.Context(), session.Revocation{AccountID: w.account, Reason: session.RevokedAll}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	w.Touch(ctx)
	if w.alive(o) {
		t.Error("a use that was written down late brought the token back")
	}
}

func TestSweepDeletesOnlyWhatEndedLongAgo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	revoked := w.open()
	if err := w.Revoke(t.Context(), session.Revocation{AccountID: w.account, Only: revoked.ID, Reason: session.SignedOut}); err != nil {
		t.Fatal(err)
	}
	w.open() // will have idled out
	for _, step := range []struct {
		move time.Duration
		gone int64
	}{{29 * 24 * time.Hour, 0}, {25 * time.Hour, 1}, {13 * time.Hour, 1}, {time.Hour, 0}} {
		w.clock.move(step.move)
		if n, err := w.SweepOnce(t.Context()); err != nil || n != step.gone {
			t.Errorf("after another %v: deleted %d, %v; want %d", step.move, n, err, step.gone)
		}
	}
}
