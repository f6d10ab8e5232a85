package servicekey_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/servicekey"
)

const (
	first  = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	second = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

func parse(t *testing.T, s string) *servicekey.Ring {
	t.Helper()
	r, err := servicekey.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEachLabelAndEachKeyGiveAnotherKey(t *testing.T) {
	t.Parallel()
	r := parse(t, "s2:"+second+",s1:"+first)
	id, made := r.Derive("csrf")
	if id != "s2" || len(made) != servicekey.Size || !slices.Equal(r.IDs(), []string{"s2", "s1"}) {
		t.Fatalf("%s, %d bytes, %v", id, len(made), r.IDs())
	}
	if same, err := r.DeriveWith("s2", "csrf"); err != nil || !bytes.Equal(same, made) {
		t.Errorf("by its id: another key, %v", err)
	}
	keys := [][]byte{made}
	for _, of := range [][2]string{{"s1", "csrf"}, {"s2", "refresh"}, {"s1", "refresh"}, {"s2", ""}} {
		k, err := r.DeriveWith(of[0], of[1])
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	for i, a := range keys {
		for _, b := range keys[:i] {
			if bytes.Equal(a, b) {
				t.Errorf("key %d is there twice", i)
			}
		}
	}
	if k, err := r.DeriveWith("s3", "csrf"); !errors.Is(err, servicekey.ErrUnknownKey) || k != nil {
		t.Errorf("of an unknown id: %v", err)
	}
}

// Values made before an update must be valid after it.
func TestDerivationIsHKDFWithTheLabelAsInfo(t *testing.T) {
	t.Parallel()
	secret, err := base64.StdEncoding.DecodeString(first)
	if err != nil {
		t.Fatal(err)
	}
	want, err := hkdf.Key(sha256.New, secret, nil, "client record", servicekey.Size)
	if err != nil {
		t.Fatal(err)
	}
	if _, got := parse(t, "s1:"+first).Derive("client record"); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	binary := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xfb, 0xff}, 16))
	_, url := parse(t, "s1:"+binary).Derive("x")
	_, standard := parse(t, "s1:"+strings.NewReplacer("-", "+", "_", "/").Replace(binary)+"=").Derive("x")
	if !bytes.Equal(url, standard) {
		t.Error("a secret in the other alphabet gives another key")
	}
}

func TestInvalidRingIsRefusedWithoutShowingIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ ring, says string }{
		"nothing":       {"", "id:secret"},
		"no id":         {first, "id:secret"},
		"a long id":     {"key:" + first, "2 letters or digits"},
		"not base64":    {"s1:hush!hush!", "not base64"},
		"too short":     {"s1:" + base64.StdEncoding.EncodeToString([]byte("hush-hush")), "at least 32"},
		"an id twice":   {"s1:" + first + ",s1:" + second, "twice"},
		"an empty one":  {"s1:" + first + ",", "key 2"},
		"a token's key": {"s1:" + first + ":keyed", "leave it out"},
	} {
		r, err := servicekey.Parse(c.ring)
		if err == nil || r != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), first[:10])) {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
}

func TestSecretSharedWithVerifiersIsFound(t *testing.T) {
	t.Parallel()
	r := parse(t, "s1:"+first)
	for ring, want := range map[string]bool{
		"k1:" + first: true, "k2:" + second + ",k1:" + strings.TrimRight(first, "=") + ":keyed": true, "s1:" + second + ":keyed": false, "no ring": false, "": false,
	} {
		if id, shares := r.SharesSecretWith(ring); shares != want || shares && id != "s1" {
			t.Errorf("%.3s…: %s, %v, want %v", ring, id, shares, want)
		}
	}
}
