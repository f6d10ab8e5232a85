package sealing_test

import (
	"bytes"
	"crypto/rand"
	"errors"
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
