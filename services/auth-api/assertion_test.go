package main_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// signing registers a program that signs assertions, and gives what makes one for an audience.
func (a *api) signing() (made credentials, sign func(audience string) string) {
	a.t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		a.t.Fatal(err)
	}
	file := filepath.Join(a.t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	made = a.script("--key", file)
	return made, func(audience string) string {
		a.t.Helper()
		now := time.Now()
		text, err := jwt.Signed(signer).Claims(jwt.Claims{
			Issuer: made.id, Subject: made.id, Audience: jwt.Audience{audience}, ID: rand.Text(), IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
		}).Serialize()
		if err != nil {
			a.t.Fatal(err)
		}
		return text
	}
}

// RFC 7523, section 2.2.
func TestAssertionAuthenticatesOnceAtWhicheverReplica(t *testing.T) {
	t.Parallel()
	const issuer = "https://auth.books.test"
	a := start(t, func(s settings) { s["AUTH_API_ISSUER"] = issuer })
	a.library()
	b := startWith(t, a.env)
	books := a.client("books")
	made, sign := a.signing()
	with := func(at *api, assertion string, more ...string) answer {
		form := url.Values{"grant_type": {"client_credentials"}, "client_assertion": {assertion}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
		for n := 0; n < len(more); n += 2 {
			form.Set(more[n], more[n+1])
		}
		return at.post("/oauth/token", formType, form.Encode(), credentials{})
	}
	for _, audience := range []string{issuer, issuer + "/oauth/token", issuer + "/oauth/par"} {
		got := with(a, sign(audience), "client_id", made.id)
		if got.status != 200 || !a.isActive(got.text("access_token"), books) {
			t.Errorf("for %s: %d %s", audience, got.status, got.raw)
		}
	}
	once := sign(issuer)
	if got := with(a, once); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	a.wantOAuthAs("once more", with(a, once), 401, "invalid_client", false)
	b.wantOAuthAs("once more at another replica", with(b, once), 401, "invalid_client", false)
	a.wantOAuthAs("for another server", with(a, sign("https://other.test")), 401, "invalid_client", false)
	a.wantOAuthAs("for the URL under which it was sent", with(a, sign(a.url+"/oauth/token")), 401, "invalid_client", false)
	a.wantOAuthAs("of another client", with(a, sign(issuer), "client_id", books.id), 401, "invalid_client", false)
	a.wantOAuthAs("beside a secret", with(a, sign(issuer), "client_id", made.id, "client_secret", books.secret), 400, "invalid_request", false)
}
