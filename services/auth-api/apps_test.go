package main_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/client"
	domain "auth.books.test/services/auth-api/internal/oauth"
	"auth.books.test/services/auth-api/internal/servicekey"
)

const callback = "https://app.test/callback"

var printedID = regexp.MustCompile(`(?m)^id     (\S+)$`)

// app registers an app for the API books.
func (a *api) app(args ...string) credentials {
	a.t.Helper()
	return a.registered(append([]string{"--name", "Shelf", "--redirect-uri", callback, "--audience", "books"}, args...)...)
}

// script registers a program that reads books.
func (a *api) script(args ...string) credentials {
	a.t.Helper()
	made := a.registered(append([]string{"--name", "importer", "--grant", "client_credentials", "--audience", "books"}, args...)...)
	a.must("role", "grant", made.id, "books", "editor")
	return made
}

func (a *api) registered(args ...string) credentials {
	a.t.Helper()
	out := a.must(append([]string{"client", "create"}, args...)...)
	if found := printed.FindStringSubmatch(out); found != nil {
		return credentials{found[1], found[2]}
	}
	found := printedID.FindStringSubmatch(out)
	if found == nil {
		a.t.Fatalf("client create printed %s", out)
	}
	return credentials{id: found[1]}
}

// person is somebody in a browser, who lets apps in.
type person struct {
	t      *testing.T
	domain *domain.Service
	who    domain.Person
	token  string
}

// person signs in the usual account, which has been made. Codes come from the domain, with the
// key of the running service.
func (a *api) person() *person {
	a.t.Helper()
	token, session := a.signIn(email, password)
	w := authtest.On(a.t, authtest.Stores{Postgres: a.env["AUTH_DB_URL"]})
	ring, err := servicekey.Parse(serviceKey)
	if err != nil {
		a.t.Fatal(err)
	}
	return &person{
		t: a.t, token: token,
		who: domain.Person{
			Account: uuid.MustParse(a.me(token).text("id")), Session: uuid.MustParse(session), Email: email, AuthenticatedAt: time.Now(), AuthenticatedBy: []string{"pwd"},
		},
		domain: domain.New(domain.Options{
			DB: w.Store, Apps: client.NewStore(w.Store), Authorizations: w.Authorizations, APIs: w.Offers, Names: client.NewStore(w.Store), Issuer: "https://auth.test", Ring: ring, Now: time.Now, Random: rand.Reader,
		}),
	}
}

// letIn gives the code with which the browser goes back to the app, and the verifier of PKCE.
func (p *person) letIn(app credentials, scope string) (code, verifier string) {
	p.t.Helper()
	ctx := audit.With(context.WithoutCancel(p.t.Context()), audit.Origin{Actor: audit.AccountOf(p.who.Account)})
	verifier = oauth2.GenerateVerifier()
	r, err := p.domain.Begin(ctx, domain.Params{
		"client_id": {app.id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {scope},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	r.ApprovedIn = p.who.Session
	next, err := p.domain.Next(ctx, r, p.who)
	if err != nil {
		p.t.Fatal(err)
	}
	back, err := url.Parse(next.Location)
	if err != nil || next.Step != domain.Return || back.Query().Get("code") == "" {
		p.t.Fatalf("%+v, %v", next, err)
	}
	return back.Query().Get("code"), verifier
}

// grantAs asks the token endpoint, with HTTP Basic if the client has a secret.
func (a *api) grantAs(as credentials, form url.Values) answer {
	a.t.Helper()
	if as.secret == "" && as.id != "" {
		form.Set("client_id", as.id)
		as = credentials{}
	}
	return a.post("/oauth/token", "application/x-www-form-urlencoded", form.Encode(), as)
}

func exchangeOf(code, verifier string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
}

func refreshOf(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

// drawn is a token of a program itself.
func (a *api) drawn(as credentials) string {
	a.t.Helper()
	got := a.grantAs(as, url.Values{"grant_type": {"client_credentials"}})
	if got.status != 200 || got.text("access_token") == "" {
		a.t.Fatalf("%d %s", got.status, got.raw)
	}
	return got.text("access_token")
}

// isActive says what an API is told of a token, as soon as this process has heard of it.
func (a *api) isActive(token string, as credentials) bool {
	a.t.Helper()
	got := a.introspect(token, as)
	if got.status != 200 {
		a.t.Fatalf("%d %s", got.status, got.raw)
	}
	active, _ := got.body["active"].(bool)
	return active
}

// lives says whether expires_in is a whole number of at most so many seconds, and not much
// less.
func (a answer) lives(seconds float64) bool {
	left, _ := a.body["expires_in"].(float64)
	return left <= seconds && left > seconds-10 && wholeNumber.MatchString(a.raw)
}

var wholeNumber = regexp.MustCompile(`"expires_in":\d+[,}]`)
