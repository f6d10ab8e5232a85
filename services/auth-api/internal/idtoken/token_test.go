package idtoken_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"auth.books.test/services/auth-api/internal/idtoken"
)

const issuer = "https://auth.books.test"

// encoded is the base64 of a new private key.
func encoded(t *testing.T, private crypto.PrivateKey, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func rsaKey(t *testing.T, bits int) string {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	return encoded(t, private, err)
}

func ecKey(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	return encoded(t, private, err)
}

func parse(t *testing.T, s string) *idtoken.Keys {
	t.Helper()
	k, err := idtoken.ParseKeys(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func claims() idtoken.Claims {
	verified := false
	now := time.Now()
	return idtoken.Claims{
		Issuer: issuer, Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Audience: "app", IssuedAt: now.Unix(), Expires: now.Add(time.Hour).Unix(), AuthTime: now.Unix(), Nonce: "n-0S6_WzA2Mj",
		Person: idtoken.Person{Email: "ada@books.test", EmailVerified: &verified, Groups: &[]string{"books:editor"}},
	}
}

func TestTokensAreSignedAsTheClientExpects(t *testing.T) {
	t.Parallel()
	k := parse(t, "k1:"+rsaKey(t, 2048)+"."+ecKey(t, elliptic.P256()))
	for _, algorithm := range []string{"RS256", "ES256"} {
		text, err := k.Sign(algorithm, claims())
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := parsed.Claims(k.Public(), &got); err != nil || got["sub"] != claims().Subject {
			t.Errorf("%s: %v, %v", algorithm, got, err)
		}
		if got["email_verified"] != false {
			t.Errorf("email_verified is %v, want false and not left out", got["email_verified"])
		}
		if groups, is := got["groups"].([]any); !is || len(groups) != 1 {
			t.Errorf("groups is %v, want a list", got["groups"])
		}
	}
	if _, err := k.Sign("HS256", claims()); !errors.Is(err, idtoken.ErrUnknownKey) {
		t.Errorf("HS256: %v", err)
	}
}

// Some clients read no other numbers (pomerium/pomerium#4149).
func TestTimesAreWholeNumbers(t *testing.T) {
	t.Parallel()
	text, err := parse(t, "k1:"+rsaKey(t, 2048)).Sign("RS256", claims())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(payload, &raw); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"exp", "iat", "auth_time"} {
		if strings.ContainsAny(string(raw[name]), ".eE\"") || len(raw[name]) != 10 {
			t.Errorf("%s is written %s", name, raw[name])
		}
	}
	if _, there := raw["nbf"]; there {
		t.Error("nbf fails clients whose clock is behind")
	}
}

func TestNewKeyIsPublishedBeforeItSigns(t *testing.T) {
	t.Parallel()
	old, fresh := "k1:"+rsaKey(t, 2048), "k2:"+rsaKey(t, 2048)
	before, begun, used := parse(t, old), parse(t, old+","+fresh), parse(t, fresh+","+old)
	signed, err := begun.Sign("RS256", claims())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.ReadHint(signed, issuer); err != nil {
		t.Errorf("a replica before the rotation cannot check: %v", err)
	}
	signed, err = used.Sign("RS256", claims())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := begun.ReadHint(signed, issuer); err != nil {
		t.Errorf("a client that read the keys when the rotation began cannot check: %v", err)
	}
	ids := map[string]bool{}
	for _, public := range used.Public().Keys {
		if ids[public.KeyID] || public.KeyID == "" || public.Use != "sig" || public.Algorithm != "RS256" || !public.IsPublic() {
			t.Errorf("published: %+v", public)
		}
		ids[public.KeyID] = true
	}
	if len(ids) != 2 {
		t.Errorf("%d keys are published, want 2", len(ids))
	}
}

func TestHintMayBeOldButNotForeign(t *testing.T) {
	t.Parallel()
	k := parse(t, "k1:"+rsaKey(t, 2048))
	year := claims()
	year.Expires -= 365 * 24 * 3600
	text, err := k.Sign("RS256", year)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.ReadHint(text, issuer); err != nil || got.Subject != year.Subject {
		t.Errorf("a year old: %+v, %v", got, err)
	}
	foreign, err := parse(t, "k1:"+rsaKey(t, 2048)).Sign("RS256", claims())
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(text, ".")
	for name, bad := range map[string]string{
		"empty": "", "of another service": foreign, "unsigned": "eyJhbGciOiJub25lIn0." + parts[1] + ".", "changed": parts[0] + "." + parts[1][:10] + "A" + parts[1][11:] + "." + parts[2],
	} {
		if _, err := k.ReadHint(bad, issuer); !errors.Is(err, idtoken.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := k.ReadHint(text, "https://other.test"); !errors.Is(err, idtoken.ErrInvalid) {
		t.Errorf("for another issuer: %v", err)
	}
}

func TestUnfitKeysAreRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	good := rsaKey(t, 2048)
	for name, c := range map[string]struct{ keys, says string }{
		"empty":              {"", "id:key"},
		"without an id":      {good, "id:key"},
		"no base64":          {"k1:!!", "not base64"},
		"no key":             {"k1:" + base64.StdEncoding.EncodeToString([]byte("no key")), "PKCS #8"},
		"a short RSA key":    {"k1:" + rsaKey(t, 1024), "2048"},
		"another curve":      {"k1:" + ecKey(t, elliptic.P384()), "P-256"},
		"only an EC key":     {"k1:" + ecKey(t, elliptic.P256()), "no RSA key"},
		"twice":              {"k1:" + good + ",k2:" + good, "twice"},
		"second without RSA": {"k1:" + good + ",k2:" + ecKey(t, elliptic.P256()), "no RSA key"},
	} {
		_, err := idtoken.ParseKeys(c.keys)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), good[:20]) {
			t.Errorf("%s: the error repeats the key", name)
		}
	}
}

// OpenID Connect Core, appendix A.3, gives this hash with its token.
func TestAccessTokenIsBoundByTheLeftHalfOfItsHash(t *testing.T) {
	t.Parallel()
	if got, want := idtoken.HashOf("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
