package servicekey_test

import (
	"crypto/rand"
	"errors"
	"testing"

	"auth.books.test/services/auth-api/internal/servicekey"
)

func TestSealedTextIsOpenedOnlyForWhatItWasMadeFor(t *testing.T) {
	t.Parallel()
	ring, err := servicekey.Parse("k1:" + "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI")
	if err != nil {
		t.Fatal(err)
	}
	id, sealed, err := ring.Seal(rand.Reader, "letter", []byte("hello"), []byte("ada"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := ring.Open(id, "letter", sealed, []byte("ada")); err != nil || string(plain) != "hello" {
		t.Errorf("%q, %v", plain, err)
	}
	tampered := append([]byte{}, sealed...)
	tampered[len(tampered)-1] ^= 1
	for name, try := range map[string]func() ([]byte, error){
		"for somebody else":  func() ([]byte, error) { return ring.Open(id, "letter", sealed, []byte("eve")) },
		"with another label": func() ([]byte, error) { return ring.Open(id, "bill", sealed, []byte("ada")) },
		"tampered with":      func() ([]byte, error) { return ring.Open(id, "letter", tampered, []byte("ada")) },
		"cut off":            func() ([]byte, error) { return ring.Open(id, "letter", sealed[:5], []byte("ada")) },
	} {
		if plain, err := try(); !errors.Is(err, servicekey.ErrBroken) || plain != nil {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
	}
	if _, err := ring.Open("k9", "letter", sealed, []byte("ada")); !errors.Is(err, servicekey.ErrUnknownKey) {
		t.Errorf("with a key that was retired: %v", err)
	}
}
