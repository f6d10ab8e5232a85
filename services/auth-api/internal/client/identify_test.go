package client_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
)

const issuer = "https://auth.test"

func (w *world) identifier(now func() time.Time) *client.Identifier {
	return client.NewIdentifier(w.store, []string{issuer, issuer + "/oauth/token", issuer + "/oauth/par"}, now)
}

func TestClientsAreIdentifiedByTheirOwnMethodOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	identifier := w.identifier(time.Now)
	key := newKey(t, "P-256")
	api, confidential := w.create(), w.register(anApp())
	public := w.register(anApp(func(r *client.Registration) { r.Authentication = client.NoSecret }))
	signs := w.register(anApp(func(r *client.Registration) { r.Keys = key.public }))
	disabled := w.register(anApp())
	if err := w.Disable(t.Context(), disabled.ID); err != nil {
		t.Fatal(err)
	}
	rotated, err := w.Rotate(t.Context(), confidential.ID)
	if err != nil {
		t.Fatal(err)
	}
	assertion := func(id uuid.UUID) string { return key.sign(t, claimsOf(id)) }
	for _, c := range []struct {
		name string
		p    client.Presented
		is   uuid.UUID
	}{
		{"an API with its secret", client.Presented{ID: api.ID.String(), Secret: api.Secret}, api.ID},
		{"an app with its secret", client.Presented{ID: confidential.ID.String(), Secret: confidential.Secret}, confidential.ID},
		{"an app with its second secret", client.Presented{ID: confidential.ID.String(), Secret: rotated.Secret}, confidential.ID},
		{"a public client", client.Presented{ID: public.ID.String()}, public.ID},
		{"an assertion", client.Presented{Assertion: assertion(signs.ID)}, signs.ID},
		{"an assertion beside the id", client.Presented{ID: signs.ID.String(), Assertion: assertion(signs.ID)}, signs.ID},
		{"nothing", client.Presented{}, uuid.Nil},
		{"an app without its secret", client.Presented{ID: confidential.ID.String()}, uuid.Nil},
		{"another's secret", client.Presented{ID: confidential.ID.String(), Secret: api.Secret}, uuid.Nil},
		{"no secret of ours", client.Presented{ID: confidential.ID.String(), Secret: "hunter2"}, uuid.Nil},
		{"a secret of a public client", client.Presented{ID: public.ID.String(), Secret: api.Secret}, uuid.Nil},
		{"a secret of a client that signs", client.Presented{ID: signs.ID.String(), Secret: api.Secret}, uuid.Nil},
		{"a client that signs, without an assertion", client.Presented{ID: signs.ID.String()}, uuid.Nil},
		{"an assertion of a client with a secret", client.Presented{Assertion: assertion(confidential.ID)}, uuid.Nil},
		{"an assertion of a public client", client.Presented{Assertion: assertion(public.ID)}, uuid.Nil},
		{"an assertion beside another id", client.Presented{ID: public.ID.String(), Assertion: assertion(signs.ID)}, uuid.Nil},
		{"a disabled client", client.Presented{ID: disabled.ID.String(), Secret: disabled.Secret}, uuid.Nil},
		{"an unknown client", client.Presented{ID: uuid.NewString(), Secret: api.Secret}, uuid.Nil},
		{"an unknown client without a secret", client.Presented{ID: uuid.NewString()}, uuid.Nil},
		{"an assertion of an unknown client", client.Presented{Assertion: assertion(uuid.New())}, uuid.Nil},
		{"another spelling of the id", client.Presented{ID: strings.ToUpper(public.ID.String())}, uuid.Nil},
	} {
		got, err := identifier.Identify(t.Context(), c.p)
		switch {
		case c.is != uuid.Nil && (err != nil || got.ID != c.is):
			t.Errorf("%s: %v, %v", c.name, got.ID, err)
		case c.is == uuid.Nil && (fault.CodeOf(err) != fault.InvalidClient || got.ID != uuid.Nil):
			t.Errorf("%s: %v, %v", c.name, got.ID, err)
		}
	}
}

func TestAssertionsThatSayTooMuchOrTooLittleAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	now := time.Now().Truncate(time.Second)
	identifier := w.identifier(func() time.Time { return now })
	key, stranger := newKey(t, "P-256"), newKey(t, "P-256")
	id := w.register(anApp(func(r *client.Registration) { r.Keys = key.public })).ID
	with := func(name string, value any) claims {
		c := claimsAt(id, now)
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return c
	}
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for _, c := range []struct {
		name string
		text string
		ok   bool
	}{
		{"as it should be", key.sign(t, claimsAt(id, now)), true},
		{"the token endpoint as audience", key.sign(t, with("aud", issuer+"/oauth/token")), true},
		{"the endpoint of pushed requests as audience", key.sign(t, with("aud", issuer+"/oauth/par")), true},
		{"a list of one audience", key.sign(t, with("aud", []string{issuer})), true},
		{"no iat", key.sign(t, with("iat", nil)), true},
		{"a clock that is 20 s ahead", key.sign(t, with("iat", at(20*time.Second))), true},
		{"five minutes", key.sign(t, with("exp", at(5*time.Minute))), true},
		{"a list of two audiences", key.sign(t, with("aud", []string{issuer, "https://other.test"})), false},
		{"a list of two of ours", key.sign(t, with("aud", []string{issuer, issuer + "/oauth/token"})), false},
		{"another audience", key.sign(t, with("aud", "https://other.test")), false},
		{"a slash at the end", key.sign(t, with("aud", issuer+"/")), false},
		{"no audience", key.sign(t, with("aud", nil)), false},
		{"no exp", key.sign(t, with("exp", nil)), false},
		{"expired", key.sign(t, with("exp", at(0))), false},
		{"an hour", key.sign(t, with("exp", at(time.Hour))), false},
		{"issued in the future", key.sign(t, with("iat", at(time.Minute))), false},
		{"not valid yet", key.sign(t, with("nbf", at(time.Minute))), false},
		{"no jti", key.sign(t, with("jti", nil)), false},
		{"an empty jti", key.sign(t, with("jti", "")), false},
		{"another issuer", key.sign(t, with("iss", uuid.NewString())), false},
		{"no issuer", key.sign(t, with("iss", nil)), false},
		{"no subject", key.sign(t, with("sub", nil)), false},
		{"another's key", stranger.sign(t, claimsAt(id, now)), false},
		{"no signature", unsigned(t, claimsAt(id, now)), false},
		{"a signature with the public key as a secret", hmacWith(t, key.public, claimsAt(id, now)), false},
		{"cut", strings.TrimSuffix(key.sign(t, claimsAt(id, now)), "A") + "x", false},
		{"nonsense", "a.b.c", false},
	} {
		_, err := identifier.Identify(t.Context(), client.Presented{Assertion: c.text})
		if c.ok && err != nil || !c.ok && fault.CodeOf(err) != fault.InvalidClient {
			t.Errorf("%s: %v, want it to be accepted: %v", c.name, err, c.ok)
		}
	}
}

func TestEveryKindOfKeyChecksItsAssertions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	identifier := w.identifier(time.Now)
	for _, kind := range []string{"RSA", "RSA-PSS", "P-256", "EdDSA", "Ed25519"} {
		key := newKey(t, kind)
		for form, keys := range map[string]string{"as a set": key.public, "as a JWK": key.jwk, "in PEM": key.pem} {
			id := w.register(anApp(func(r *client.Registration) { r.Keys = keys })).ID
			if _, err := identifier.Identify(t.Context(), client.Presented{Assertion: key.sign(t, claimsOf(id))}); err != nil {
				t.Errorf("%s %s: %v", kind, form, err)
			}
		}
	}
}

func TestAssertionIsGoodOnceAtWhicheverReplica(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	key := newKey(t, "P-256")
	register := func() uuid.UUID { return w.register(anApp(func(r *client.Registration) { r.Keys = key.public })).ID }
	id := register()
	said := claimsOf(id)
	assertion := key.sign(t, said)
	var accepted atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		replica := w.identifier(time.Now)
		all.Go(func() {
			switch _, err := replica.Identify(t.Context(), client.Presented{Assertion: assertion}); {
			case err == nil:
				accepted.Add(1)
			case fault.CodeOf(err) != fault.InvalidClient:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("accepted %d times", n)
	}
	// The same jti of another client is another one.
	other := claimsOf(register())
	other["jti"] = said["jti"]
	if _, err := w.identifier(time.Now).Identify(t.Context(), client.Presented{Assertion: key.sign(t, other)}); err != nil {
		t.Errorf("the jti of another client: %v", err)
	}
	if dump := w.base.Text(`SELECT string_agg(a::text, ' ') FROM client_assertions a`); strings.Contains(dump, said["jti"].(string)) {
		t.Error("the jti itself is stored")
	}
	if n, err := w.SweepOnce(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d rows of assertions that have not expired, %v", n, err)
	}
	w.sql(`UPDATE client_assertions SET expires_at = now() - interval '1 hour' WHERE client_id = $1`, id)
	if n, err := w.SweepOnce(t.Context()); n != 1 || err != nil {
		t.Errorf("swept %d rows, %v; want 1", n, err)
	}
}

func TestWhatIsNoPublicKeyOfAClientIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	key := newKey(t, "P-256")
	for name, keys := range map[string]string{
		"nonsense": "nonsense", "an empty set": `{"keys":[]}`, "a private JWK": key.privateJWK, "a set with a private key": `{"keys":[` + key.privateJWK + `]}`, "a private key in PEM": key.privatePEM,
		"a symmetric key": `{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, "a short RSA key": `{"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("w4", 85) + `w"}`, "P-384": newKey(t, "P-384").public,
		"a key for encryption": strings.Replace(key.jwk, `{`, `{"use":"enc",`, 1), "eleven keys": `{"keys":[` + strings.Repeat(key.jwk+",", 10) + key.jwk + `]}`,
	} {
		_, err := w.Create(t.Context(), anApp(func(r *client.Registration) { r.Keys = keys }))
		if fault.CodeOf(err) != fault.ValidationFailed || !strings.Contains(err.Error(), "key: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdentifyingWithoutPostgresIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	made := w.register(anApp())
	w.base.Store.Close()
	_, err := w.identifier(time.Now).Identify(t.Context(), client.Presented{ID: made.ID.String(), Secret: made.Secret})
	if fault.CodeOf(err) != fault.StoreUnavailable {
		t.Errorf("%v", err)
	}
	if _, err := w.identifier(time.Now).Identify(t.Context(), client.Presented{ID: made.ID.String(), Secret: "nonsense"}); fault.CodeOf(err) != fault.InvalidClient {
		t.Errorf("a secret of a wrong form: %v", err)
	}
}

func TestOriginsOfClientsAreKnownToAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	made := w.register(anApp(func(r *client.Registration) { r.Origins = []string{"https://app.test"} }))
	now := time.Now()
	origins := client.NewOrigins(w.store, func() time.Time { return now })
	knows := func(want bool, what, origin string) {
		t.Helper()
		if got := origins.Knows(t.Context(), origin); got != want {
			t.Errorf("%s: %s is known: %v", what, origin, got)
		}
	}
	knows(true, "registered", "https://app.test")
	knows(false, "another", "https://evil.test")
	knows(false, "null", "null")
	if err := w.Disable(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	knows(true, "at once after its end", "https://app.test")
	now = now.Add(2 * time.Second)
	knows(false, "two seconds after its end", "https://app.test")
	w.register(anApp(func(r *client.Registration) { r.Origins = []string{"https://new.test"} }))
	now = now.Add(2 * time.Second)
	knows(true, "a new one after two seconds", "https://new.test")
	w.base.Store.Close()
	now = now.Add(time.Minute)
	knows(true, "without Postgres", "https://new.test")
}
