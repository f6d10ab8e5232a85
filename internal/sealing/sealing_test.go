package sealing_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/sealing"
)

func newSealer(t *testing.T) (*sealing.Sealer, []byte) {
	t.Helper()
	key, certificate, err := sealing.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sealing.NewSealer(certificate, time.Now(), rand.Reader)
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
		if _, err := sealing.NewSealer(pem, time.Now(), rand.Reader); err == nil {
			t.Errorf("took %.30s", pem)
		}
	}
}

// certificateOf makes a certificate of a key, in PEM.
func certificateOf(t *testing.T, public, private any, from, to time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestRefusesCertificatesThatNothingShouldBeSealedFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := certificateOf(t, &key.PublicKey, key, now.Add(-time.Hour), now.Add(time.Hour))
	if _, err := sealing.NewSealer(good, now, rand.Reader); err != nil {
		t.Fatal(err)
	}
	for says, c := range map[string][]byte{
		"expired on 2026-11-26": certificateOf(t, &key.PublicKey, key, now.Add(-time.Hour), now.Add(-time.Second)),
		"not valid before":      certificateOf(t, &key.PublicKey, key, now.Add(time.Minute), now.Add(time.Hour)),
		"of the kind ECDSA":     certificateOf(t, &curve.PublicKey, curve, now.Add(-time.Hour), now.Add(time.Hour)),
		"has 1024 bits":         certificateOf(t, &short.PublicKey, short, now.Add(-time.Hour), now.Add(time.Hour)),
		"more than one":         append(append([]byte{}, good...), good...),
		"a RSA PRIVATE KEY":     pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	} {
		if _, err := sealing.NewSealer(c, now, rand.Reader); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want one that says %q", err, says)
		}
	}
}
