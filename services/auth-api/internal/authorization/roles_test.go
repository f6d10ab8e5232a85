package authorization_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/session"
)

// assignments changes the account's roles in SQL.
func (w *world) assignments(id uuid.UUID, sql string, args ...any) error {
	return w.ChangeAssignments(context.Background(), authorization.Account(id), act(), changed(statement(sql, args...), (*authorization.Tx).Rewrite))
}

// roles changes roles in SQL and rewrites the tokens of all subjects that have one.
func (w *world) roles(sql string, args ...any) error {
	return w.ChangeRoles(context.Background(), act(), changed(statement(sql, args...), func(tx *authorization.Tx, ctx context.Context) error {
		rows, err := tx.Query(ctx, "SELECT id FROM roles")
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		for _, id := range ids {
			if err := tx.RewriteRole(ctx, id); err != nil {
				return err
			}
		}
		return err
	}))
}

// wantScopes checks what the token says.
func (w *world) wantScopes(o session.Opened, audiences, scopes []string) {
	w.t.Helper()
	principal, err := w.verify(o)
	if err != nil {
		w.t.Fatalf("the token ended: %v", err)
	}
	if !slices.Equal(principal.Audiences, audiences) || !slices.Equal(principal.Scopes, scopes) {
		w.t.Errorf("the token is for %q with %q, want %q with %q", principal.Audiences, principal.Scopes, audiences, scopes)
	}
}

func TestLiveTokensLoseRemovedScopes(t *testing.T) {
	t.Parallel()
	const books, shop = "books", "shop"
	for name, c := range map[string]struct {
		change            string
		audiences, scopes []string
		assignment        bool // otherwise a change of a role
	}{
		"the role is revoked":         {`DELETE FROM role_assignments USING roles r JOIN apis a ON a.id = r.api_id WHERE role_id = r.id AND audience = 'books'`, []string{shop}, []string{"account", "shop:buy"}, true},
		"the role loses a scope":      {`UPDATE roles SET scopes = '{books:read}' WHERE 'books:read' = ANY(scopes)`, []string{books, shop}, []string{"account", "books:read", "shop:buy"}, false},
		"the role loses all scopes":   {`UPDATE roles SET scopes = '{}' WHERE 'books:read' = ANY(scopes)`, []string{shop}, []string{"account", "shop:buy"}, false},
		"the role gains a scope":      {`UPDATE roles SET scopes = '{books:read,books:write,books:burn}' WHERE 'books:read' = ANY(scopes)`, []string{books, shop}, []string{"account", "books:read", "books:write", "shop:buy"}, false},
		"all roles are revoked":       {`DELETE FROM role_assignments`, []string{}, []string{"account"}, true},
		"the API is gone":             {`DELETE FROM apis WHERE audience = 'shop'`, []string{books}, []string{"account", "books:read", "books:write"}, true},
		"another role has it as well": {`WITH n AS (INSERT INTO roles SELECT gen_random_uuid(), api_id, 'other', '{books:write}' FROM roles WHERE 'books:read' = ANY(scopes) RETURNING id), g AS (INSERT INTO role_assignments SELECT subjects.id, n.id FROM subjects, n) UPDATE roles SET scopes = '{books:read}' WHERE 'books:read' = ANY(scopes)`, []string{books, shop}, []string{"account", "books:read", "books:write", "shop:buy"}, true},
		"nothing that matters":        {`UPDATE apis SET name = 'x'`, []string{books, shop}, []string{"account", "books:read", "books:write", "shop:buy"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.grant(books, "books:read", "books:write")
			w.grant(shop, "shop:buy")
			all, ended := w.open(), w.open()
			narrow, err := w.signIn(t.Context(), w.account, "shop:buy")
			if err != nil {
				t.Fatal(err)
			}
			if err := w.end(ended); err != nil {
				t.Fatal(err)
			}
			act := func() error { return w.roles(c.change) }
			if c.assignment {
				act = func() error { return w.assignments(w.account, c.change) }
			}
			if err := act(); err != nil {
				t.Fatal(err)
			}
			w.wantScopes(all, c.audiences, c.scopes)
			left := func(have []string) []string {
				if slices.Contains(c.audiences, shop) {
					return have
				}
				return []string{}
			}
			w.wantScopes(narrow, left([]string{shop}), left([]string{"shop:buy"}))
			if w.alive(ended) {
				t.Error("a change of assignments brought an ended token back")
			}
			if n := w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL"); n != 0 {
				t.Errorf("%d changes stay queued", n)
			}
		})
	}
}

// A token has the scopes that were granted to it and are assigned now. A role that is
// assigned again comes back only in live tokens that had it.
func TestReassignedRoleComesBackInTokensThatHadIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read")
	had := w.open()
	if err := w.assignments(w.account, `DELETE FROM role_assignments`); err != nil {
		t.Fatal(err)
	}
	without := w.open()
	w.wantScopes(had, []string{}, []string{"account"})
	if err := w.assignments(w.account, `INSERT INTO role_assignments SELECT s.id, r.id FROM subjects s, roles r`); err != nil {
		t.Fatal(err)
	}
	w.wantScopes(had, []string{"books"}, []string{"account", "books:read"})
	w.wantScopes(without, []string{}, []string{"account"})
	w.wantScopes(w.open(), []string{"books"}, []string{"account", "books:read"})
}

func TestChangeOfARoleAffectsAllHolders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read", "books:write")
	w.sql(`INSERT INTO roles SELECT gen_random_uuid(), api_id, 'other', scopes FROM roles`)
	const holders = 600 // more than one page
	w.sql(`INSERT INTO accounts (id, email, password_hash) SELECT gen_random_uuid(), 'holder' || n || '@books.test', 'unused' FROM generate_series(1, $1) n`, holders)
	w.sql(`INSERT INTO subjects (id, kind) SELECT id, 'account' FROM accounts ON CONFLICT DO NOTHING`)
	w.sql(`INSERT INTO role_assignments SELECT a.id, r.id FROM accounts a, roles r WHERE r.name = 'other' AND a.id <> $1`, w.account)
	ids, err := pgx.CollectRows(must(w.db.Query(t.Context(), `SELECT id FROM accounts WHERE email LIKE 'holder%'`)), pgx.RowTo[uuid.UUID])
	if err != nil || len(ids) != holders {
		t.Fatalf("%d, %v", len(ids), err)
	}
	var theirs []session.Opened
	for n, id := range ids {
		if n%10 == 0 { // most have no session
			o, err := w.signIn(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			theirs = append(theirs, o)
		}
	}
	w.fill(ids[0], 1200) // and one has more than a page
	mine := w.open()
	err = w.ChangeRoles(t.Context(), act(), func(ctx context.Context, tx *authorization.Tx) error {
		var role uuid.UUID
		if err := tx.QueryRow(ctx, `UPDATE roles SET scopes = '{books:read}' WHERE name = 'other' RETURNING id`).Scan(&role); err != nil {
			return err
		}
		return tx.RewriteRole(ctx, role)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range theirs {
		w.wantScopes(o, []string{"books"}, []string{"account", "books:read"})
	}
	w.wantScopes(mine, []string{"books"}, []string{"account", "books:read", "books:write"})
}

func must(rows pgx.Rows, _ error) pgx.Rows { return rows }

func TestFailedChangeOfRolesChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read")
	o := w.open()
	refusal := fault.New(fault.RoleNotFound, "no")
	err := w.ChangeRoles(t.Context(), act(), changed(statement(`DELETE FROM role_assignments`), func(*authorization.Tx, context.Context) error { return refusal }))
	wantCode(t, err, fault.RoleNotFound)
	w.wantScopes(o, []string{"books"}, []string{"account", "books:read"})
	if n := w.count("SELECT count(*) FROM role_assignments"); n != 1 {
		t.Errorf("%d assignments", n)
	}
}

func TestChangeOfRolesIsSyncedWhenRedisIsBack(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	w := newWorldOn(t, schematest.Database(t), proxy.URL)
	w.grant("books", "books:read")
	o := w.open()
	w.relay()
	proxy.Cut()
	wantCode(t, w.assignments(w.account, `DELETE FROM role_assignments`), fault.StoreUnavailable)
	proxy.Restore()
	devtest.Eventually(t, "the token lost it", func() bool {
		principal, err := w.verify(o)
		return err == nil && !principal.HasScope("books:read")
	})
	w.wantScopes(o, []string{}, []string{"account"})
}

// When the removal of a role is answered, no token has it: neither earlier tokens nor those
// of sign-ins that raced with it.
func TestNoTokenHasARoleThatWasRemovedDuringItsSignIn(t *testing.T) {
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
				o, err := w.signIn(context.Background(), w.account)
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
			if err := w.assignments(w.account, `DELETE FROM role_assignments`); err != nil {
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
		w.sql(`INSERT INTO role_assignments SELECT s.id, r.id FROM subjects s, roles r`)
	}
	t.Logf("%d of %d sign-ins came before the change", had, rounds*signIns)
	if had == 0 || had == rounds*signIns {
		t.Errorf("%d of %d sign-ins had the role: there was no race", had, rounds*signIns)
	}
}

// Changes of roles, passwords and names race with sign-ins of two accounts. They must not
// deadlock, which Postgres would report as an error.
func TestConcurrentChangesDoNotDeadlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.relay()
	w.grant("books", "books:read")
	other := w.newAccount("grace@books.test")
	w.sql(`INSERT INTO subjects (id, kind) VALUES ($1, 'account')`, other)
	w.sql(`INSERT INTO role_assignments SELECT $1, id FROM roles`, other)
	var all sync.WaitGroup
	for n, work := range []func() error{
		func() error {
			return w.roles(`UPDATE roles SET scopes = '{books:read}'`)
		},
		func() error {
			return w.roles(`UPDATE roles SET scopes = '{books:read,books:write}'`)
		},
		func() error {
			return w.assignments(other, `INSERT INTO role_assignments SELECT $1, id FROM roles ON CONFLICT DO NOTHING`, other)
		},
		func() error {
			return w.assignments(other, `DELETE FROM role_assignments WHERE subject_id = $1`, other)
		},
		func() error {
			return w.rename(other, "Grace")
		},
		func() error {
			return w.endAll()
		},
		func() error {
			_, err := w.signIn(context.Background(), other)
			return err
		},
		func() error {
			_, err := w.signIn(context.Background(), w.account)
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
