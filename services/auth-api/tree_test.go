package main_test

import (
	"crypto/rand"
	"maps"
	"strings"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
	refreshtoken "auth.books.test/services/auth-api/internal/refresh"
	"auth.books.test/services/auth-api/internal/servicekey"
	"auth.books.test/verify/token"
)

// tree is a sign-in and 10,000 authorizations that descend from it, in four generations.
type tree struct {
	*api
	other *api // a second replica
	// root is the sign-in, sibling another one of the same person.
	root               *person
	sibling            string
	shelf, introspects credentials
	// code was not exchanged yet, and verifier is that of its PKCE.
	code, verifier string
	// tokens has an access token of each descendant, renewals a refresh token of each that is
	// not in the last generation. The first of both are of an app that the person has let in.
	tokens, renewals []string
}

// generations says how many descendants each generation has.
func generations() []int { return []int{10, 100, 1000, 8890} }

// newTree lets an app in. The other descendants are copies of its authorization: exchanged
// tokens, which the service knows but does not issue yet.
func newTree(t *testing.T) *tree {
	t.Helper()
	signed := func(s settings) { s["AUTH_API_SIGNING_KEY"] = servicetest.SigningKey(t, "k1") }
	w := &tree{api: withPages(t, signed)}
	env := maps.Clone(w.env)
	env["AUTH_API_ADDR"] = "127.0.0.1:0"
	w.other = startWith(t, env)
	w.sibling, _ = w.library()
	w.introspects, w.shelf, w.root = w.client("books"), w.app("--first-party"), w.person()
	code, verifier := w.root.letIn(w.shelf, "openid account books:read")
	first := w.grantAs(w.shelf, exchangeOf(code, verifier))
	if first.status != 200 || first.text("refresh_token") == "" {
		t.Fatalf("exchange: %d %s", first.status, first.raw)
	}
	w.tokens, w.renewals = []string{first.text("access_token")}, []string{first.text("refresh_token")}
	w.code, w.verifier = w.root.letIn(w.shelf, "openid account books:read")
	w.grow()
	// Postgres has what Redis does not know yet.
	if err := w.redis().Del(t.Context(), token.RebuiltKey).Err(); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "Redis is filled", func() bool { return strings.HasPrefix(w.redis().Get(t.Context(), token.RebuiltKey).Val(), "2.") })
	return w
}

// grow adds generation after generation to the app.
func (w *tree) grow() {
	w.t.Helper()
	var model uuid.UUID
	if err := w.postgres().QueryRow(w.t.Context(), `SELECT id FROM authorizations WHERE parent_id = $1`, w.root.who.Session).Scan(&model); err != nil {
		w.t.Fatal(err)
	}
	parents, kind, present := []uuid.UUID{w.root.who.Session}, "app", []uuid.UUID{model}
	for n, size := range generations() {
		var made, of []uuid.UUID
		for len(present)+len(made) < size {
			made, of = append(made, uuid.Must(uuid.NewV7())), append(of, parents[len(of)%len(parents)])
		}
		w.sql(`
			INSERT INTO authorizations (id, kind, subject_id, client_id, parent_id, chain, root_id, epoch, client_epoch, consent_epoch, scopes, audiences, amr, auth_time, created_at, used_at, written_at, expires_at)
			SELECT n.id, $4, m.subject_id, m.client_id, p.id, p.chain || n.id, p.root_id, m.epoch, m.client_epoch, m.consent_epoch, m.scopes, m.audiences, m.amr, m.auth_time, now(), now(), now(), m.expires_at
			FROM unnest($1::uuid[], $2::uuid[]) n(id, parent) JOIN authorizations p ON p.id = n.parent JOIN authorizations m ON m.id = $3`, made, of, model, kind)
		w.giveTokens(made)
		if n < len(generations())-1 {
			w.giveRenewals(made)
		}
		parents, kind, present = append(present, made...), "exchange", nil
	}
}

// giveTokens gives each authorization an access token.
func (w *tree) giveTokens(authorizations []uuid.UUID) {
	w.t.Helper()
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		w.t.Fatal(err)
	}
	var hashes [][]byte
	for range authorizations {
		made, hash, err := ring.Mint(rand.Reader, token.Access)
		if err != nil {
			w.t.Fatal(err)
		}
		w.tokens, hashes = append(w.tokens, made.Reveal()), append(hashes, hash[:])
	}
	w.sql(`INSERT INTO access_tokens (hash, authorization_id, issued_at, expires_at) SELECT n.hash, n.id, now(), now() + interval '15 minutes' FROM unnest($1::bytea[], $2::uuid[]) n(hash, id)`, hashes, authorizations)
}

// giveRenewals gives each authorization a refresh token.
func (w *tree) giveRenewals(authorizations []uuid.UUID) {
	w.t.Helper()
	ring, err := servicekey.Parse(serviceKey)
	if err != nil {
		w.t.Fatal(err)
	}
	renewals := refreshtoken.New(ring)
	var hashes [][]byte
	for _, id := range authorizations {
		made, err := renewals.Draw(rand.Reader, id, 1)
		if err != nil {
			w.t.Fatal(err)
		}
		hash, err := renewals.Hash(made)
		if err != nil {
			w.t.Fatal(err)
		}
		w.renewals, hashes = append(w.renewals, made.Reveal()), append(hashes, hash[:])
	}
	w.sql(`INSERT INTO refresh_tokens (authorization_id, generation, hash) SELECT n.id, 1, n.hash FROM unnest($1::bytea[], $2::uuid[]) n(hash, id)`, hashes, authorizations)
}

func (w *tree) sql(statement string, arguments ...any) {
	w.t.Helper()
	if _, err := w.postgres().Exec(w.t.Context(), statement, arguments...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}
