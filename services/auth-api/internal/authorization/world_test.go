package authorization_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// world is the service with real stores, and an account.
type world struct {
	*authorization.Service
	sessions *session.Service
	t        testing.TB
	db       *pgxpool.Pool // for statements of the tests
	store    *postgres.DB
	redis    authtest.Redis
	verifier verify.Verifier
	tokens   *access.Store
	ring     *token.KeyRing
	clock    *authtest.Clock
	replica  func() *authorization.Service
	account  uuid.UUID
}

const (
	idle     = authtest.Idle
	lifetime = authtest.Lifetime
)

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, "", "")
}

// newWorldOn makes a world on the stores of two URLs; one that is empty is made.
func newWorldOn(t *testing.T, postgresURL, redisURL string) *world {
	t.Helper()
	return worldOf(t, authtest.On(t, authtest.Stores{Postgres: postgresURL, Redis: redisURL}))
}

func worldOf(t testing.TB, a *authtest.World) *world {
	t.Helper()
	w := &world{
		t: t, Service: a.Authorizations, sessions: a.Sessions, db: a.DB, store: a.Store, redis: a.Redis, verifier: a.Verifier,
		tokens: a.Records, ring: a.Ring, clock: a.Clock, replica: a.Replica,
	}
	w.account = w.newAccount("ada@books.test")
	return w
}

func (w *world) newAccount(email string) uuid.UUID {
	w.t.Helper()
	id := uuid.Must(uuid.NewV7())
	w.sql(`INSERT INTO accounts (id, email, password_hash) VALUES ($1, $2, 'unused')`, id, email)
	return id
}

// grant assigns a role of an API to the account.
func (w *world) grant(api string, scopes ...string) {
	w.t.Helper()
	apiID, roleID := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	w.sql(`INSERT INTO apis (id, audience, scopes) VALUES ($1, $2, $3)`, apiID, api, scopes)
	w.sql(`INSERT INTO roles (id, api_id, name, scopes) VALUES ($1, $2, 'reader', $3)`, roleID, apiID, scopes)
	w.sql(`INSERT INTO subjects (id, kind) VALUES ($1, 'account') ON CONFLICT DO NOTHING`, w.account)
	w.sql(`INSERT INTO role_assignments (subject_id, role_id) VALUES ($1, $2)`, w.account, roleID)
}

func (w *world) sql(statement string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Exec(context.Background(), statement, args...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

// signIn opens a session for an account whose password has its first version.
func (w *world) signIn(ctx context.Context, id uuid.UUID, scopes ...string) (session.Opened, error) {
	return w.signInWith(ctx, id, 1, scopes...)
}

func (w *world) signInWith(ctx context.Context, id uuid.UUID, passwordVersion int64, scopes ...string) (session.Opened, error) {
	who := account.Account{ID: id, PasswordVersion: passwordVersion}
	return w.sessions.Open(ctx, session.Opening{Account: id, Admit: who.Admit, AuthenticatedBy: []string{"pwd"}, Scopes: scopes, Origin: session.Origin{Device: "test"}})
}

func (w *world) open() session.Opened {
	w.t.Helper()
	o, err := w.signIn(w.t.Context(), w.account)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// end ends one session.
func (w *world) end(o session.Opened) error {
	return w.sessions.End(context.Background(), w.account, o.ID, authorization.SignedOut)
}

func (w *world) endAll() error {
	return w.sessions.EndAll(context.Background(), w.account, uuid.Nil)
}

// act is an act whose event does not matter to the test.
func act() audit.Event { return audit.Event{Verb: audit.RenameAccount} }

// statement returns a change of an account in SQL.
func statement(sql string, args ...any) func(context.Context, *authorization.Tx) error {
	return func(ctx context.Context, tx *authorization.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	}
}

// changed returns a change followed by the calls of Tx that it requires.
func changed(change func(context.Context, *authorization.Tx) error, then ...func(*authorization.Tx, context.Context) error) func(context.Context, *authorization.Tx) error {
	return func(ctx context.Context, tx *authorization.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		for _, act := range then {
			if err := act(tx, ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// rename changes a name in the account and in its tokens.
func (w *world) rename(id uuid.UUID, name string) error {
	return w.Change(context.Background(), authorization.Account(id), act(), changed(statement("UPDATE accounts SET name = $2 WHERE id = $1", id, name), (*authorization.Tx).Rewrite))
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

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code {
		t.Errorf("got %v, want code %s", err, code)
	}
}

// fill gives the account sessions by SQL, whose tokens nobody has.
func (w *world) fill(id uuid.UUID, n int) {
	w.t.Helper()
	w.sql(`INSERT INTO subjects (id, kind) VALUES ($1, 'account') ON CONFLICT DO NOTHING`, id)
	w.sql(`
		WITH made AS (
			INSERT INTO authorizations (id, kind, subject_id, chain, root_id, epoch, scopes, audiences, amr, created_at, used_at, written_at, idle_expires_at, expires_at)
			SELECT g.id, 'session', s.id, ARRAY[g.id], g.id, s.epoch, '{}', '{}', '{pwd}', now(), now(), now(), now() + interval '1 hour', now() + interval '1 day'
			FROM subjects s, (SELECT gen_random_uuid() AS id FROM generate_series(1, $2::int)) g WHERE s.id = $1
			RETURNING id, created_at, expires_at)
		INSERT INTO access_tokens (hash, authorization_id, issued_at, expires_at) SELECT sha256(id::text::bytea), id, created_at, expires_at FROM made`, id, n)
}

// listed counts the account's live sessions.
func (w *world) listed() int {
	w.t.Helper()
	sessions, err := w.sessions.List(w.t.Context(), w.account)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(sessions)
}
