package session_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify"
)

// statement is a change of grants in SQL.
func statement(sql string, args ...any) session.Change {
	return func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	}
}

func these(ids ...uuid.UUID) session.Whose {
	return func(context.Context, pgx.Tx) ([]uuid.UUID, error) { return ids, nil }
}

func (w *world) regrant(change session.Change) {
	w.t.Helper()
	if err := w.Regrant(w.t.Context(), these(w.account), change); err != nil {
		w.t.Fatal(err)
	}
}

// wantGrants checks what the token says, and that Postgres says the same.
func (w *world) wantGrants(o session.Opened, audiences, scopes []string) {
	w.t.Helper()
	principal, err := w.verify(o)
	if err != nil {
		w.t.Fatalf("the token ended: %v", err)
	}
	same := func(i verify.Principal) bool {
		return slices.Equal(i.Audiences, audiences) && slices.Equal(i.Scopes, scopes)
	}
	if !same(principal) {
		w.t.Errorf("the token is for %q with %q, want %q with %q", principal.Audiences, principal.Scopes, audiences, scopes)
	}
	var row verify.Principal
	if err := w.db.QueryRow(w.t.Context(), `SELECT audiences, scopes FROM sessions WHERE id = $1`, o.ID).Scan(&row.Audiences, &row.Scopes); err != nil || !same(row) {
		w.t.Errorf("Postgres says %q with %q, %v", row.Audiences, row.Scopes, err)
	}
}

func TestLiveTokensLoseWhatIsNotGrantedAnyMore(t *testing.T) {
	t.Parallel()
	const books, shop = "books", "shop"
	for name, c := range map[string]struct {
		change            string
		audiences, scopes []string
	}{
		"the role is revoked":         {`DELETE FROM grants USING roles r JOIN apis a ON a.id = r.api_id WHERE role_id = r.id AND audience = 'books'`, []string{shop}, []string{"account", "shop:buy"}},
		"the role loses a scope":      {`UPDATE roles SET scopes = '{books:read}' WHERE 'books:read' = ANY(scopes)`, []string{books, shop}, []string{"account", "books:read", "shop:buy"}},
		"the role loses all scopes":   {`UPDATE roles SET scopes = '{}' WHERE 'books:read' = ANY(scopes)`, []string{shop}, []string{"account", "shop:buy"}},
		"the role gains a scope":      {`UPDATE roles SET scopes = '{books:read,books:write,books:burn}' WHERE 'books:read' = ANY(scopes)`, []string{books, shop}, []string{"account", "books:read", "books:write", "shop:buy"}},
		"all roles are revoked":       {`DELETE FROM grants`, []string{}, []string{"account"}},
		"the API is gone":             {`DELETE FROM apis WHERE audience = 'shop'`, []string{books}, []string{"account", "books:read", "books:write"}},
		"another role has it as well": {`WITH n AS (INSERT INTO roles SELECT gen_random_uuid(), api_id, 'other', '{books:write}' FROM roles WHERE 'books:read' = ANY(scopes) RETURNING id), g AS (INSERT INTO grants SELECT accounts.id, n.id FROM accounts, n) UPDATE roles SET scopes = '{books:read}' WHERE 'books:read' = ANY(scopes)`, []string{books, shop}, []string{"account", "books:read", "books:write", "shop:buy"}},
		"nothing that matters":        {`UPDATE apis SET name = 'x'`, []string{books, shop}, []string{"account", "books:read", "books:write", "shop:buy"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.grant(books, "books:read", "books:write")
			w.grant(shop, "shop:buy")
			all, ended := w.open(), w.open()
			narrow, err := w.Open(t.Context(), session.Opening{AccountID: w.account, PasswordVersion: 1, Scopes: []string{"shop:buy"}})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Revoke(t.Context(), session.Revocation{AccountID: w.account, Only: ended.ID, Reason: session.SignedOut}); err != nil {
				t.Fatal(err)
			}
			w.regrant(statement(c.change))
			w.wantGrants(all, c.audiences, c.scopes)
			left := func(have []string) []string {
				if slices.Contains(c.audiences, shop) {
					return have
				}
				return []string{}
			}
			w.wantGrants(narrow, left([]string{shop}), left([]string{"shop:buy"}))
			if w.alive(ended) {
				t.Error("a change of grants brought an ended token back")
			}
			if n := w.count("SELECT count(*) FROM token_syncs"); n != 0 {
				t.Errorf("%d tokens stay queued", n)
			}
		})
	}
}

// What was taken away does not come back to a token that lost it.
func TestRegrantedRoleComesWithTheNextSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read")
	before := w.open()
	w.regrant(statement(`DELETE FROM grants`))
	w.regrant(statement(`INSERT INTO grants SELECT a.id, r.id FROM accounts a, roles r`))
	if err := w.Change(t.Context(), w.account, statement(`UPDATE accounts SET name = 'Ada'`)); err != nil {
		t.Fatal(err)
	}
	w.wantGrants(before, []string{}, []string{"account"})
	w.wantGrants(w.open(), []string{"books"}, []string{"account", "books:read"})
}

func TestRegrantIsForTheAccountsItNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read")
	const holders = 600 // more than are carried through at once
	w.sql(`INSERT INTO accounts (id, email, password_hash) SELECT gen_random_uuid(), 'holder' || n || '@books.test', 'unused' FROM generate_series(1, $1) n`, holders)
	w.sql(`INSERT INTO grants SELECT a.id, r.id FROM accounts a, roles r ON CONFLICT DO NOTHING`)
	ids, err := pgx.CollectRows(must(w.db.Query(t.Context(), `SELECT id FROM accounts WHERE email LIKE 'holder%'`)), pgx.RowTo[uuid.UUID])
	if err != nil || len(ids) != holders {
		t.Fatalf("%d, %v", len(ids), err)
	}
	var theirs []session.Opened
	for _, id := range ids {
		o, err := w.Open(t.Context(), session.Opening{AccountID: id, PasswordVersion: 1})
		if err != nil {
			t.Fatal(err)
		}
		theirs = append(theirs, o)
	}
	mine := w.open()
	all := func(context.Context, pgx.Tx) ([]uuid.UUID, error) { return ids, nil }
	if err := w.Regrant(t.Context(), all, statement(`DELETE FROM grants WHERE account_id = ANY($1)`, ids)); err != nil {
		t.Fatal(err)
	}
	for _, o := range theirs {
		w.wantGrants(o, []string{}, []string{"account"})
	}
	w.wantGrants(mine, []string{"books"}, []string{"account", "books:read"})
}

func must(rows pgx.Rows, _ error) pgx.Rows { return rows }

func TestFailedRegrantChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read")
	o := w.open()
	refusal := fault.New(fault.RoleNotFound, "no")
	err := w.Regrant(t.Context(), these(w.account), func(ctx context.Context, tx pgx.Tx) error {
		if err := statement(`DELETE FROM grants`)(ctx, tx); err != nil {
			return err
		}
		return refusal
	})
	wantCode(t, err, fault.RoleNotFound)
	err = w.Regrant(t.Context(), func(context.Context, pgx.Tx) ([]uuid.UUID, error) { return nil, refusal }, statement(`DELETE FROM grants`))
	wantCode(t, err, fault.RoleNotFound)
	w.wantGrants(o, []string{"books"}, []string{"account", "books:read"})
}

func TestRegrantIsCarriedThroughWhenRedisIsBack(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	w := newWorldOn(t, schematest.Database(t), proxy.URL)
	w.grant("books", "books:read")
	o := w.open()
	w.relay()
	proxy.Cut()
	wantCode(t, w.Regrant(t.Context(), these(w.account), statement(`DELETE FROM grants`)), fault.StoreUnavailable)
	proxy.Restore()
	eventually(t, "the token lost it", func() bool {
		principal, err := w.verify(o)
		return err == nil && !principal.HasScope("books:read")
	})
	w.wantGrants(o, []string{}, []string{"account"})
}

// When a revoked role has been answered, no token has it: neither those of
// before nor those of sign-ins that raced with it.
func TestNoTokenKeepsARoleThatRacesWithItsSignIn(t *testing.T) {
	t.Parallel()
	const rounds, signIns = 200, 3
	w := newWorld(t)
	w.relay()
	w.grant("books", "books:read")
	had := 0
	for round := range rounds {
		var mu sync.Mutex
		var opened []session.Opened
		var all sync.WaitGroup
		begin := make(chan struct{})
		for range signIns {
			all.Go(func() {
				<-begin
				o, err := w.Open(context.Background(), session.Opening{AccountID: w.account, PasswordVersion: 1})
				if err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				opened = append(opened, o)
			})
		}
		all.Go(func() {
			<-begin
			if err := w.Regrant(context.Background(), these(w.account), statement(`DELETE FROM grants`)); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		})
		close(begin)
		all.Wait()
		for _, o := range opened {
			if principal, err := w.verify(o); err != nil || principal.HasScope("books:read") || principal.HasAudience("books") {
				t.Fatalf("round %d: %q at %q, %v", round, principal.Scopes, principal.Audiences, err)
			}
			if slices.Contains(o.Scopes, "books:read") {
				had++
			}
		}
		w.regrant(statement(`INSERT INTO grants SELECT a.id, r.id FROM accounts a, roles r`))
	}
	t.Logf("%d of %d sign-ins came before the change", had, rounds*signIns)
	if had == 0 || had == rounds*signIns {
		t.Errorf("%d of %d sign-ins had the role: there was no race", had, rounds*signIns)
	}
}

// Changes of grants, of passwords and of names, and sign-ins, for two accounts at
// once: none waits for another in a circle, which Postgres would end as a failure.
func TestChangesOfGrantsDoNotLockEachOtherOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.relay()
	w.grant("books", "books:read")
	other := w.newAccount("grace@books.test")
	w.sql(`INSERT INTO grants SELECT $1, id FROM roles`, other)
	var all sync.WaitGroup
	for n, work := range []func() error{
		func() error {
			return w.Regrant(context.Background(), these(w.account, other), statement(`UPDATE roles SET scopes = '{books:read}'`))
		},
		func() error {
			return w.Regrant(context.Background(), these(other, w.account), statement(`UPDATE roles SET scopes = '{books:read,books:write}'`))
		},
		func() error {
			return w.Regrant(context.Background(), these(other), statement(`INSERT INTO grants SELECT $1, id FROM roles ON CONFLICT DO NOTHING`, other))
		},
		func() error {
			return w.Regrant(context.Background(), these(other), statement(`DELETE FROM grants WHERE account_id = $1`, other))
		},
		func() error {
			return w.Change(context.Background(), other, statement(`UPDATE accounts SET name = 'Grace' WHERE id = $1`, other))
		},
		func() error {
			return w.Revoke(context.Background(), session.Revocation{AccountID: w.account, Reason: session.RevokedAll})
		},
		func() error {
			_, err := w.Open(context.Background(), session.Opening{AccountID: other, PasswordVersion: 1})
			return err
		},
		func() error {
			_, err := w.Open(context.Background(), session.Opening{AccountID: w.account, PasswordVersion: 1})
			return err
		},
	} {
		all.Go(func() {
			for range 40 {
				if err := work(); err != nil {
					t.Errorf("work %d: %v", n, err)
					return
				}
			}
		})
	}
	all.Wait()
}
