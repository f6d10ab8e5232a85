package oauth_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/oauth"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const (
	issuer   = "https://auth.books.test"
	callback = "https://reading.example/callback"
	email    = "ada@books.test"
	password = "violet teapot marches north"
	browser  = "the secret in the cookie of a browser"
	// verifier and challenge are those of RFC 7636, appendix B.
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// world is the authorization server on real stores, with a person and an app.
type world struct {
	*authtest.World
	*oauth.Service
	t      testing.TB
	app    uuid.UUID
	person oauth.Person
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOf(t, authtest.New(t))
}

func worldOf(t testing.TB, a *authtest.World) *world {
	t.Helper()
	w := &world{World: a, t: t, Service: oauth.New(oauth.Options{
		DB: a.Store, Apps: client.NewStore(a.Store), APIs: a.Offers, Names: client.NewStore(a.Store), Authorizations: a.Authorizations, Issuer: issuer, Ring: a.Service,
		AccessLifetime: 15 * time.Minute, RefreshLifetime: 30 * 24 * time.Hour, Now: a.Clock.Now, Random: rand.Reader,
	})}
	if err := w.Resources.Create(t.Context(), "books", []string{"books:read", "books:write"}); err != nil {
		t.Fatal(err)
	}
	w.app = w.register("")
	w.person = w.newPerson(email)
	return w
}

// register adds a public client, and then changes columns of it.
func (w *world) register(changes string, args ...any) uuid.UUID {
	w.t.Helper()
	id := uuid.Must(uuid.NewV7())
	w.SQL(`INSERT INTO clients (id, name, secret_hashes, authentication, redirect_uris, grants, audiences) VALUES ($1, 'Reading List', '{}', 'none', $2, '{authorization_code,refresh_token}', '{books}')`,
		id, []string{callback})
	if changes != "" {
		w.SQL(`UPDATE clients SET `+changes+` WHERE id = $1`, append([]any{id}, args...)...)
	}
	return id
}

// signIn signs the person in in a browser.
func (w *world) signIn() oauth.Person {
	w.t.Helper()
	return w.signInAs(email)
}

func (w *world) signInAs(email string) oauth.Person {
	w.t.Helper()
	opened, err := w.Login.Password(context.Background(), login.Attempt{Email: email, Password: password, Browser: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return oauth.Person{Account: opened.Subject, Session: opened.ID, Email: email, AuthenticatedAt: opened.AuthenticatedAt, AuthenticatedBy: opened.AuthenticatedBy}
}

// newPerson registers somebody and signs them in in a browser.
func (w *world) newPerson(email string) oauth.Person {
	w.t.Helper()
	w.Register(email, password)
	return w.signInAs(email)
}

// params are those of a good request, with some set to other values, or removed by "".
func (w *world) params(changes ...string) oauth.Params {
	p := oauth.Params{
		"client_id": {w.app.String()}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"books:read"}, "state": {"xyz"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for n := 0; n < len(changes); n += 2 {
		if changes[n+1] == "" {
			delete(p, changes[n])
		} else {
			p[changes[n]] = []string{changes[n+1]}
		}
	}
	return p
}

func (w *world) begin(p oauth.Params) oauth.Request {
	w.t.Helper()
	r, err := w.Begin(w.t.Context(), p)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) next(r oauth.Request, who oauth.Person) oauth.Next {
	w.t.Helper()
	n, err := w.Next(w.t.Context(), r, who)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// allow says yes for the person, and returns the parameters that the app gets.
func (w *world) allow(r oauth.Request) url.Values {
	w.t.Helper()
	r.ApprovedIn = w.person.Session
	return w.arrived(w.next(r, w.person))
}

// arrived are the parameters that the app gets.
func (w *world) arrived(n oauth.Next) url.Values {
	w.t.Helper()
	if n.Step != oauth.Return || !strings.HasPrefix(n.Location, callback+"?") {
		w.t.Fatalf("%s %s", n.Step, n.Location)
	}
	u, err := url.Parse(n.Location)
	if err != nil {
		w.t.Fatal(err)
	}
	if got := u.Query().Get("iss"); got != issuer {
		w.t.Errorf("iss is %q (RFC 9207)", got)
	}
	return u.Query()
}

// code is that of a request that the person has said yes to.
func (w *world) code(changes ...string) string {
	w.t.Helper()
	got := w.allow(w.begin(w.params(changes...)))
	if got.Get("code") == "" {
		w.t.Fatalf("no code: %v", got)
	}
	return got.Get("code")
}

func (w *world) read(id uuid.UUID) client.App {
	w.t.Helper()
	app, err := client.NewStore(w.Store).App(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return app
}

func (w *world) exchange(code string) (oauth.Tokens, error) {
	w.t.Helper()
	return w.Exchange(context.Background(), oauth.Exchange{App: w.read(w.app), Code: code, RedirectURI: callback, Verifier: verifier})
}

func (w *world) mustExchange(code string) oauth.Tokens {
	w.t.Helper()
	tokens, err := w.exchange(code)
	if err != nil {
		w.t.Fatal(err)
	}
	return tokens
}

func (w *world) live(tokens oauth.Tokens) bool {
	w.t.Helper()
	_, err := w.Verifier.Verify(context.Background(), tokens.Token.Reveal())
	return err == nil
}

func (w *world) endSession() {
	w.t.Helper()
	if err := w.Sessions.End(context.Background(), w.person.Account, w.person.Session, authorization.SignedOut); err != nil {
		w.t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code {
		t.Errorf("%v, want %s", err, code)
	}
}

func TestChallengeIsTheOneOfTheRFC(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(verifier))
	if got := base64.RawURLEncoding.EncodeToString(sum[:]); got != challenge {
		t.Errorf("%s, want %s (RFC 7636, appendix B)", got, challenge)
	}
}
