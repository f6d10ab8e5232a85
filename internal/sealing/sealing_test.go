package sealing_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"auth.books.test/internal/sealing"
)

func newSealer(t *testing.T) (*sealing.Sealer, []byte) {
	t.Helper()
	key, certificate, err := sealing.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sealing.NewSealer(certificate, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s, key
}

func TestSealedOpensOnlyWhereItBelongs(t *testing.T) {
	t.Parallel()
	s, key := newSealer(t)
	secret := sealing.Secret{Namespace: "auth", Name: "db", Data: map[string]string{"password": "hush-hush", "user": "auth"}}
	sealed, err := s.Seal(secret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("hush")) {
		t.Fatalf("not sealed:\n%s", sealed)
	}
	opened, err := sealing.Open(key, sealed)
	if err != nil || opened.Data["password"] != "hush-hush" || opened.Data["user"] != "auth" || opened.Name != "db" {
		t.Errorf("%+v, %v", opened, err)
	}
	_, other := newSealer(t)
	for name, c := range map[string]struct{ key, sealed []byte }{
		"another key":       {other, sealed},
		"another namespace": {key, bytes.ReplaceAll(sealed, []byte("namespace: auth"), []byte("namespace: shop"))},
		"another name":      {key, bytes.ReplaceAll(sealed, []byte("name: db"), []byte("name: db-v2"))},
	} {
		if opened, err := sealing.Open(c.key, c.sealed); !errors.Is(err, sealing.ErrCannotOpen) {
			t.Errorf("%s: %+v, %v", name, opened, err)
		}
	}
	for name, c := range map[string]struct{ key, sealed string }{
		"no key": {"", string(sealed)}, "no YAML": {string(key), "}{"}, "not base64": {string(key), "spec: {encryptedData: {a: '***'}}"},
	} {
		if _, err := sealing.Open([]byte(c.key), []byte(c.sealed)); err == nil || errors.Is(err, sealing.ErrCannotOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefusesWhatIsNoCertificate(t *testing.T) {
	t.Parallel()
	key, _, err := sealing.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	for _, pem := range [][]byte{nil, []byte("nonsense"), key} {
		if _, err := sealing.NewSealer(pem, rand.Reader); err == nil {
			t.Errorf("took %.30s", pem)
		}
	}
}

func find(t *testing.T, secrets []sealing.Secret, name, key string) string {
	t.Helper()
	for _, s := range secrets {
		if s.Name == name {
			return s.Data[key]
		}
	}
	t.Fatalf("no %s", name)
	return ""
}

func TestFreshValuesAreRandomAndFitEachOther(t *testing.T) {
	t.Parallel()
	one, err := sealing.Fresh(nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	two, err := sealing.Fresh(nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"auth-db-credentials", "password"}, {"session-db-credentials", "password"}, {"session-db-verifier", "password"}, {"session-db-token-key", "keys"}} {
		a, b := find(t, one, c[0], c[1]), find(t, two, c[0], c[1])
		if a == b || len(a) < 43 {
			t.Errorf("%s: %d characters, the same twice: %v", c[0], len(a), a == b)
		}
	}
	users := find(t, one, "session-db-users", "users.acl")
	if strings.Contains(users, find(t, one, "session-db-credentials", "password")) || !strings.Contains(users, "user default off ") {
		t.Errorf("%s", users)
	}
}

func TestChosenValuesAreTakenAndMisspeltOnesRefused(t *testing.T) {
	t.Parallel()
	got, err := sealing.Fresh(sealing.Values{"session-db-credentials": {"password": "chosen"}, "auth-db-credentials": {"user": "somebody"}}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if find(t, got, "session-db-credentials", "password") != "chosen" || find(t, got, "auth-db-credentials", "user") != "somebody" {
		t.Errorf("not taken")
	}
	sum := sha256.Sum256([]byte("chosen"))
	if users := find(t, got, "session-db-users", "users.acl"); !strings.Contains(users, fmt.Sprintf("user auth-api on #%x ", sum)) {
		t.Errorf("Redis would not let auth-api in: %s", users)
	}
	for _, bad := range []sealing.Values{{"auth-db-credential": {"password": "x"}}, {"auth-db-credentials": {"passwort": "x"}}, {"auth-db-credentials": {"password": ""}}} {
		if _, err := sealing.Fresh(bad, rand.Reader); err == nil {
			t.Errorf("took %v", bad)
		}
	}
}
