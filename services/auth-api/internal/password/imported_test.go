package password_test

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/password/foreign"
)

// elsewhere is what is stored for a password that another program hashed as these bytes.
func elsewhere(t *testing.T, typed string) string {
	t.Helper()
	tag, err := pbkdf2.Key(sha256.New, typed, []byte("salt"), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	h, err := foreign.Parse(foreign.Django, fmt.Sprintf("pbkdf2_sha256$10$salt$%s", base64.StdEncoding.EncodeToString(tag)), foreign.FirebaseKeys{})
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

// Other programs hashed what was typed, or a normal form of their own choice.
func TestForeignFormSignsIn(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t, password.DefaultParams(), "")
	const composed, decomposed = "caf\u00e9 by the harbour", "cafe\u0301 by the harbour"
	const ligature, letters = "\ufb01ne weather to-day", "fine weather to-day"
	for name, c := range map[string]struct {
		hashed, typed string
		want          bool
	}{
		"as typed":                {composed, composed, true},
		"decomposed, as typed":    {decomposed, decomposed, true},
		"typed decomposed":        {composed, decomposed, true},
		"as typed, a ligature":    {ligature, ligature, true},
		"hashed in KC":            {letters, ligature, true},
		"no form of it":           {ligature, letters, false},
		"another password":        {composed, ligature, false},
		"a NUL after it":          {composed, composed + "\x00", false},
		"longer than is computed": {composed, strings.Repeat(composed, 100), false},
	} {
		ok, needsRehash, err := hasher.Verify(c.typed, elsewhere(t, c.hashed))
		if ok != c.want || needsRehash != c.want || err != nil {
			t.Errorf("%s: %v, rehash %v, %v", name, ok, needsRehash, err)
		}
	}
}

func TestWrongPasswordTriesEachFormOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		typed, stored string
		foreign, ours int
	}{
		"one form":    {"plain letters", elsewhere(t, "another"), 1, 0},
		"two":         {"cafe\u0301", elsewhere(t, "another"), 2, 0},
		"three":       {"e\u0301\ufb01", elsewhere(t, "another"), 3, 0},
		"no password": {"plain letters", foreign.Hash{}.String(), 0, 1},
		"a NUL":       {"plain\x00letters", elsewhere(t, "another"), 0, 1},
	} {
		var others, ours int
		hasher, err := password.NewHasher(password.DefaultParams(), password.Peppers{}, rand.Reader, func(w password.Work) ([]byte, error) {
			if w.Foreign == "" {
				ours++
				return make([]byte, w.Size), nil
			}
			others++
			return password.InProcess(w)
		})
		if err != nil {
			t.Fatal(err)
		}
		if ok, _, err := hasher.Verify(c.typed, c.stored); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
		if others != c.foreign || ours != c.ours {
			t.Errorf("%s: %d hashes of another program, %d of ours; want %d and %d", name, others, ours, c.foreign, c.ours)
		}
	}
}

func TestDamagedForeignHashIsMalformed(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t, password.DefaultParams(), "")
	for _, stored := range []string{"imported:", "imported:bcrypt:$2x$10$", "imported:argon2:$argon2id$v=19$m=99999999,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA"} {
		if _, _, err := hasher.Verify("x", stored); !errors.Is(err, password.ErrMalformedHash) {
			t.Errorf("%s: %v", stored, err)
		}
	}
}
