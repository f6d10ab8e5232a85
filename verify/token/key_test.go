package token_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"auth.books.test/verify/token"
)

// A key that is not exactly as Hash.Key writes it belongs to another program.
func TestOnlyOneEncodingOfAKeyIsOurs(t *testing.T) {
	t.Parallel()
	good := token.Hash{1, 2, 3}.Key()
	if h, ours := token.ParseKey(good); !ours || h != (token.Hash{1, 2, 3}) {
		t.Fatalf("%s: %x, %v", good, h, ours)
	}
	zeros := token.KeyPrefix + strings.Repeat("A", 42)
	for name, key := range map[string]string{
		"the bits after the last byte are set": zeros + "B",
		"all of them":                          zeros + "D",
		"decimal digits":                       token.KeyPrefix + strings.Repeat("0", 42) + "1",
		"with padding":                         good + "=",
		"padding in its place":                 good[:len(good)-1] + "=",
		"a line break inside":                  good[:20] + "\n" + good[21:],
		"the other alphabet":                   token.KeyPrefix + strings.Repeat("+", 42) + "A",
		"another prefix":                       "Session:" + good[len(token.KeyPrefix):],
		"one character fewer":                  good[:len(good)-1],
		"the rebuild marker":                   token.RebuiltKey,
		"nothing":                              "",
	} {
		if h, ours := token.ParseKey(key); ours {
			t.Errorf("%s: %q is accepted as %s", name, key, h.Key())
		}
	}
}

// FuzzParseKey checks that Hash.Key writes an accepted key in the same way.
func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{token.Hash{}.Key(), token.Hash{255}.Key(), "session:" + strings.Repeat("0", 42) + "1", "session:rebuilt", "", "session:" + strings.Repeat("\n", 43)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if h, ours := token.ParseKey(key); ours && h.Key() != key {
			t.Errorf("%q is accepted, but written as %q", key, h.Key())
		}
	})
}

func TestRingRefusesBase64WithTrailingBits(t *testing.T) {
	t.Parallel()
	secret := base64.RawStdEncoding.EncodeToString(make([]byte, 32))
	for _, last := range []string{"B", "C", "D"} {
		if _, err := token.ParseKeyRing("k1:" + secret[:42] + last); err == nil || !strings.Contains(err.Error(), "not base64") {
			t.Errorf("…%s: %v", last, err)
		}
	}
	if _, err := token.ParseKeyRing("k1:" + secret); err != nil {
		t.Error(err)
	}
}
