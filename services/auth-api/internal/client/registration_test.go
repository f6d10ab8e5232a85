package client_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
)

const callback = "https://app.test/callback"

// anApp is an app with all that it needs.
func anApp(change ...func(*client.Registration)) client.Registration {
	r := client.Registration{App: client.App{
		Name: "Shelf", RedirectURIs: []string{callback}, Grants: []client.Grant{client.AuthorizationCode, client.RefreshToken}, Audiences: []string{"books"},
	}}
	for _, c := range change {
		c(&r)
	}
	return r
}

func TestAppIsReadAsItWasRegistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	made := w.register(anApp(func(r *client.Registration) {
		r.FirstParty, r.Native, r.Authentication = true, true, client.NoSecret
		r.RedirectURIs = []string{"http://127.0.0.1/cb", "test.app:/cb", callback, callback}
		r.LogoutURIs, r.Origins = []string{"https://app.test/"}, []string{"https://APP.test:443", "capacitor://localhost"}
		r.Grants = []client.Grant{client.RefreshToken, client.AuthorizationCode}
		r.IDTokenAlgorithm = "ES256"
	}))
	if made.Secret != "" || made.ID == uuid.Nil {
		t.Errorf("a public client has the secret %.4s", made.Secret)
	}
	want := client.App{
		ID: made.ID, Name: "Shelf", Authentication: client.NoSecret, FirstParty: true, Native: true,
		RedirectURIs: []string{"http://127.0.0.1/cb", "test.app:/cb", callback}, LogoutURIs: []string{"https://app.test/"}, Origins: []string{"https://app.test", "capacitor://localhost"},
		Grants: []client.Grant{client.AuthorizationCode, client.RefreshToken}, Audiences: []string{"books"}, IDTokenAlgorithm: "ES256",
	}
	if got, err := w.store.App(t.Context(), made.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if n := len(w.record(made.ID)); n != 0 {
		t.Errorf("an app has a record in Redis with %d fields", n)
	}
	if n, err := w.ReconcileOnce(t.Context()); n != 0 || err != nil {
		t.Errorf("corrected %d records, %v; an app has none", n, err)
	}
}

// To authorizations nil means all APIs.
func TestClientWithoutAudiencesIsForNoneAndNotForAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	made := w.register(anApp(func(r *client.Registration) { r.Audiences = nil }))
	got, err := w.store.App(t.Context(), made.ID)
	if err != nil || got.Audiences == nil || len(got.Audiences) != 0 {
		t.Errorf("%#v, %v", got.Audiences, err)
	}
}

func TestUnknownAndDisabledClientsAreNoApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	for name, r := range map[string]client.Registration{"an app": anApp(), "an API": {Audience: "books"}} {
		made := w.register(r)
		if _, err := w.store.App(t.Context(), made.ID); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		authtest.WantCode(t, "disable "+name, w.Disable(t.Context(), made.ID), "")
		_, err := w.store.App(t.Context(), made.ID)
		authtest.WantCode(t, name+", disabled", err, fault.ClientNotFound)
		if found, err := w.store.Find(t.Context(), made.ID); err != nil || found.DisabledAt.IsZero() {
			t.Errorf("an operator does not see %s: %+v, %v", name, found, err)
		}
	}
	_, err := w.store.App(t.Context(), uuid.New())
	authtest.WantCode(t, "unknown", err, fault.ClientNotFound)
}

func TestOddRegistrationsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	redirect := func(uri string) func(*client.Registration) {
		return func(r *client.Registration) { r.RedirectURIs = []string{uri} }
	}
	origin := func(o string) func(*client.Registration) {
		return func(r *client.Registration) { r.Origins = []string{o} }
	}
	many := make([]string, 51)
	for n := range many {
		many[n] = callback + strings.Repeat("a", n)
	}
	for _, c := range []struct {
		name, location, reason string
		r                      client.Registration
	}{
		{"nothing", "grant", "required", client.Registration{}},
		{"a long name", "name", "not_a_name", anApp(func(r *client.Registration) { r.Name = strings.Repeat("a", 65) })},
		{"a control character", "name", "not_a_name", anApp(func(r *client.Registration) { r.Name = "a\x1b[2J" })},
		{"an app without a name", "name", "required", anApp(func(r *client.Registration) { r.Name = "" })},
		{"no redirect URI", "redirect-uri", "required", anApp(func(r *client.Registration) { r.RedirectURIs = nil })},
		{"51 redirect URIs", "redirect-uri", "too_many", anApp(func(r *client.Registration) { r.RedirectURIs = many })},
		{"an unknown grant", "grant", "unknown", anApp(func(r *client.Registration) { r.Grants = append(r.Grants, "implicit") })},
		{"refresh_token alone", "grant", "required", client.Registration{App: client.App{Name: "a", Grants: []client.Grant{client.RefreshToken}}}},
		{"redirect URIs of a program", "grant", "required", anApp(func(r *client.Registration) { r.Grants = []client.Grant{client.ClientCredentials} })},
		{"client_credentials of a public client", "grant", "not_allowed", anApp(func(r *client.Registration) {
			r.Authentication, r.Grants = client.NoSecret, append(r.Grants, client.ClientCredentials)
		})},
		{"client_credentials for no API", "audience", "required", client.Registration{App: client.App{Grants: []client.Grant{client.ClientCredentials}}}},
		{"a public client without PKCE", "no-pkce", "not_allowed", anApp(func(r *client.Registration) { r.Authentication, r.PKCEExempt = client.NoSecret, true })},
		{"a native client without PKCE", "no-pkce", "not_allowed", anApp(func(r *client.Registration) { r.Native, r.PKCEExempt = true, true })},
		{"a public API", "audience", "not_allowed", client.Registration{Audience: "books", App: client.App{Authentication: client.NoSecret}}},
		{"an unknown algorithm", "id-token-algorithm", "unknown", anApp(func(r *client.Registration) { r.IDTokenAlgorithm = "none" })},
		{"an unknown method", "authentication", "unknown", anApp(func(r *client.Registration) { r.Authentication = "tls" })},
		{"a key of a public client", "key", "not_allowed", anApp(func(r *client.Registration) { r.Authentication, r.Keys = client.NoSecret, "x" })},
		{"http", "redirect-uri", "not_a_redirect_uri", anApp(redirect("http://app.test/callback"))},
		{"a scheme of an app", "redirect-uri", "not_a_redirect_uri", anApp(redirect("test.app:/callback"))},
		{"javascript", "redirect-uri", "not_a_redirect_uri", anApp(redirect("javascript:alert(1)"), func(r *client.Registration) { r.Native = true })},
		{"a wildcard", "redirect-uri", "not_a_redirect_uri", anApp(redirect("https://*.app.test/"))},
		{"a fragment", "redirect-uri", "not_a_redirect_uri", anApp(redirect(callback + "#a"))},
		{"a user", "redirect-uri", "not_a_redirect_uri", anApp(redirect("https://app.test@evil.test/"))},
		{"a backslash", "redirect-uri", "not_a_redirect_uri", anApp(redirect(`https://evil.test\@app.test/`))},
		{"a blank", "redirect-uri", "not_a_redirect_uri", anApp(redirect("https://app.test/ a"))},
		{"a logout URI by http", "logout-uri", "not_a_redirect_uri", anApp(func(r *client.Registration) { r.LogoutURIs = []string{"http://app.test/"} })},
		{"a path in an origin", "origin", "not_an_origin", anApp(origin("https://app.test/"))},
		{"a wildcard in an origin", "origin", "not_an_origin", anApp(origin("https://*.app.test"))},
		{"null", "origin", "not_an_origin", anApp(origin("null"))},
		{"two origins in one", "origin", "not_an_origin", anApp(origin("https://a.test,https://b.test"))},
		{"an empty origin", "origin", "not_an_origin", anApp(origin(""))},
	} {
		_, err := w.Create(t.Context(), c.r)
		authtest.WantInvalid(t, c.name, err, c.location, c.reason)
	}
	for _, r := range []client.Registration{{Audience: "films"}, anApp(func(r *client.Registration) { r.Audiences = []string{"books", "films"} })} {
		_, err := w.Create(t.Context(), r)
		authtest.WantCode(t, "an unknown API", err, fault.APINotFound)
	}
	if n := w.base.Text("SELECT count(*) FROM clients"); n != "0" {
		t.Errorf("%s clients were made", n)
	}
}

func TestChangeOfAClientIsCheckedLikeANewOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	made := w.register(anApp())
	change := func(how func(*client.Registration)) error { return w.Change(t.Context(), made.ID, how) }
	authtest.WantCode(t, "change", change(func(r *client.Registration) {
		r.Name, r.Origins, r.RedirectURIs = "Shelf 2", []string{"https://app.test"}, []string{callback, "https://app.test/b"}
	}), "")
	before, err := w.store.App(t.Context(), made.ID)
	if err != nil || before.Name != "Shelf 2" || len(before.RedirectURIs) != 2 || len(before.Origins) != 1 || before.Authentication != client.Secret {
		t.Errorf("%+v, %v", before, err)
	}
	authtest.WantInvalid(t, "http", change(func(r *client.Registration) { r.RedirectURIs = []string{"http://app.test"} }), "redirect-uri", "not_a_redirect_uri")
	authtest.WantInvalid(t, "another way to authenticate", change(func(r *client.Registration) { r.Authentication = client.NoSecret }), "client", "not_allowed")
	authtest.WantInvalid(t, "another API", change(func(r *client.Registration) { r.Audience = "books" }), "client", "not_allowed")
	authtest.WantInvalid(t, "another id", change(func(r *client.Registration) { r.ID = uuid.New() }), "client", "not_allowed")
	authtest.WantCode(t, "an unknown API", change(func(r *client.Registration) { r.Audiences = append(r.Audiences, "films") }), fault.APINotFound)
	if after, err := w.store.App(t.Context(), made.ID); err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("a refused change left %+v, %v", after, err)
	}
	authtest.WantCode(t, "an unknown client", w.Change(t.Context(), uuid.New(), func(*client.Registration) {}), fault.ClientNotFound)
	authtest.WantCode(t, "disable", w.Disable(t.Context(), made.ID), "")
	authtest.WantCode(t, "a disabled client", change(func(*client.Registration) {}), fault.ClientNotFound)
}

func TestOnlySecretsCanBeRotated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	public := w.register(anApp(func(r *client.Registration) { r.Authentication = client.NoSecret }))
	_, err := w.Rotate(t.Context(), public.ID)
	authtest.WantInvalid(t, "rotate", err, "client", "no_secret")
	authtest.WantInvalid(t, "drop the old one", w.DropOld(t.Context(), public.ID), "client", "no_secret")
	confidential := w.register(anApp())
	second, err := w.Rotate(t.Context(), confidential.ID)
	if err != nil || second.Secret == "" || second.Secret == confidential.Secret {
		t.Errorf("an app with a secret: %v", err)
	}
}
