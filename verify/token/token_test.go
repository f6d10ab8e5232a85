package token_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"auth.books.test/verify/token"
)

const (
	secretOne = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	secretTwo = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

func ring(t testing.TB, text string) *token.KeyRing {
	t.Helper()
	r, err := token.ParseKeyRing(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mint(t testing.TB, r *token.KeyRing) (token.Token, token.Hash) {
	t.Helper()
	made, hash, err := r.Mint(rand.Reader, token.Access)
	if err != nil {
		t.Fatal(err)
	}
	return made, hash
}

func TestMintedTokenParsesToTheSameHash(t *testing.T) {
	t.Parallel()
	r := ring(t, "k1:"+secretOne)
	made, hash := mint(t, r)
	raw := made.Reveal()
	if len(raw) != token.Length || !strings.HasPrefix(raw, "bat_k1_") {
		t.Fatalf("%d bytes: %.7s", len(raw), raw)
	}
	parsed, err := token.Parse(raw)
	if err != nil || parsed != made || parsed.KeyID() != "k1" {
		t.Fatalf("parsed %v, %v", parsed, err)
	}
	again, err := r.Hash(parsed)
	if err != nil || again != hash {
		t.Errorf("hashed twice: %x and %x, %v", hash, again, err)
	}
	key, _ := base64.StdEncoding.DecodeString(secretOne)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(raw))
	if !bytes.Equal(mac.Sum(nil), hash[:]) {
		t.Error("not HMAC-SHA-256 of the token")
	}
	if want := "session:" + base64.RawURLEncoding.EncodeToString(hash[:]); hash.Key() != want {
		t.Errorf("key %s, want %s", hash.Key(), want)
	}
	if back, err := token.HashFrom(hash[:]); err != nil || back != hash {
		t.Errorf("read back: %v", err)
	}
	if _, err := token.HashFrom(hash[:31]); err == nil {
		t.Error("read a hash of 31 bytes")
	}
}

func TestTokensDiffer(t *testing.T) {
	t.Parallel()
	r := ring(t, "k1:"+secretOne)
	seen := map[string]bool{}
	counts := map[byte]int{}
	for range 2000 {
		made, _ := mint(t, r)
		raw := made.Reveal()
		if seen[raw] {
			t.Fatal("the same token twice")
		}
		seen[raw] = true
		for _, c := range []byte(raw[7:50]) {
			counts[c]++
		}
	}
	// 86,000 characters of 62: 1387 each, with a deviation of 37.
	for c, n := range counts {
		if n < 1387-7*37 || n > 1387+7*37 {
			t.Errorf("%q stands %d times, want about 1387", c, n)
		}
	}
	if len(counts) != 62 {
		t.Errorf("%d characters, want 62", len(counts))
	}
}

func TestRefusesWhatIsNotAToken(t *testing.T) {
	t.Parallel()
	made, _ := mint(t, ring(t, "k1:"+secretOne))
	good := made.Reveal()
	for name, s := range map[string]string{
		"nothing": "", "a word": "nonsense", "only the prefix": "bat_k1_", "too short": good[:len(good)-1], "too long": good + "0",
		"another prefix": "cat_" + good[4:], "no separator": good[:6] + "0" + good[7:], "a space": good[:10] + " " + good[11:],
		"a byte over ASCII": good[:10] + "\xc3" + good[11:], "a key id with a sign": good[:4] + "k-" + good[6:],
	} {
		if _, err := token.Parse(s); !errors.Is(err, token.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
	older := good[:50] + checksum(good[:50])
	for i := range older {
		// CRC-32 finds every change of up to 32 bits in a row.
		for _, c := range []byte("0Zz_-") {
			if changed := older[:i] + string(c) + older[i+1:]; changed != older {
				if _, err := token.Parse(changed); !errors.Is(err, token.ErrMalformed) {
					t.Fatalf("the older form, byte %d changed to %q: %v", i, c, err)
				}
			}
		}
	}
}

func TestChangedTokensFailTheCheck(t *testing.T) {
	t.Parallel()
	r := ring(t, "k1:"+secretOne+",k2:"+secretTwo)
	made, _ := mint(t, r)
	good := made.Reveal()
	changed := []string{"bpt" + good[3:], good[:5] + "2" + good[6:]}
	for i := 7; i < len(good); i++ {
		for _, c := range "0Zz" {
			if s := good[:i] + string(c) + good[i+1:]; s != good {
				changed = append(changed, s)
			}
		}
	}
	for _, s := range changed {
		parsed, err := token.Parse(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if err := r.Check(parsed); !errors.Is(err, token.ErrWrongCheck) {
			t.Errorf("%s of %s: %v, want ErrWrongCheck", s, good, err)
		}
	}
	if err := ring(t, "k3:"+secretOne).Check(made); !errors.Is(err, token.ErrUnknownKey) {
		t.Errorf("a ring without its key: %v", err)
	}
	if err := ring(t, "k1:"+secretTwo).Check(made); !errors.Is(err, token.ErrWrongCheck) {
		t.Errorf("a ring with another secret: %v", err)
	}
}

// Anybody can make up a token of the older form. A key that never made one refuses it
// without reading a store.
func TestOnlyUnmarkedKeysAcceptTokensOfTheOlderForm(t *testing.T) {
	t.Parallel()
	body := "bat_k1_" + strings.Repeat("a", 43)
	older, err := token.Parse(body + checksum(body))
	if err != nil || older.Keyed() {
		t.Fatalf("%v, keyed: %v", err, older.Keyed())
	}
	if err := ring(t, "k1:"+secretOne).Check(older); err != nil {
		t.Errorf("an unmarked key: %v", err)
	}
	if err := ring(t, "k1:"+secretOne+":keyed").Check(older); !errors.Is(err, token.ErrWrongCheck) {
		t.Errorf("a key marked as keyed: %v, want ErrWrongCheck", err)
	}
	made, _ := mint(t, ring(t, "k1:"+secretOne+":keyed"))
	if err := ring(t, "k1:"+secretOne).Check(made); err != nil || !made.Keyed() {
		t.Errorf("marking a key must not change its tokens: %v", err)
	}
}

func TestEachTypeIsMintedAndOnlyBearersParse(t *testing.T) {
	t.Parallel()
	r := ring(t, "k1:"+secretOne)
	for of, bearer := range map[token.Type]bool{token.Access: true, token.Personal: true, token.Refresh: false, token.Browser: false} {
		made, _, err := r.Mint(rand.Reader, of)
		if err != nil || made.Type() != of || !strings.HasPrefix(made.Reveal(), string(of)+"_k1_") || r.Check(made) != nil || !token.HasPrefix(made.Reveal()) {
			t.Errorf("%s: %v, %v", of, made, err)
		}
		if _, err := token.Parse(made.Reveal()); (err == nil) != bearer || of.Bearer() != bearer {
			t.Errorf("%s is parsed as a bearer token: %v, want %v", of, err == nil, bearer)
		}
	}
	for _, of := range []token.Type{"", "bcs", "xyz", "bat_"} {
		if made, _, err := r.Mint(rand.Reader, of); err == nil || made != (token.Token{}) {
			t.Errorf("minted a token of the type %q", of)
		}
	}
}

func TestNeverShowsItsSecret(t *testing.T) {
	t.Parallel()
	made, _ := mint(t, ring(t, "k1:"+secretOne))
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", made)
	for _, shown := range []string{fmt.Sprint(made), fmt.Sprintf("%v %+v %#v %s %q", made, made, made, made, made), log.String(), fmt.Sprint(token.Token{})} {
		if strings.Contains(shown, made.Reveal()[7:20]) {
			t.Errorf("shows the secret: %s", shown)
		}
	}
	if !strings.Contains(log.String(), "bat_k1_") {
		t.Errorf("the log does not show which key: %s", log.String())
	}
}

func TestRingSignsWithTheFirstAndVerifiesWithAll(t *testing.T) {
	t.Parallel()
	old := ring(t, "k1:"+secretOne)
	both := ring(t, "k2:"+secretTwo+", k1:"+secretOne)
	former, hash := mint(t, old)
	if again, err := both.Hash(former); err != nil || again != hash {
		t.Errorf("a token of the old key: %v", err)
	}
	next, _ := mint(t, both)
	if next.KeyID() != "k2" || both.KeyIDs()[0] != "k2" || len(both.KeyIDs()) != 2 {
		t.Errorf("signed by %s of %v", next.KeyID(), both.KeyIDs())
	}
	if _, err := old.Hash(next); !errors.Is(err, token.ErrUnknownKey) {
		t.Errorf("an unknown key: %v", err)
	}
}

func TestRefusesBadRings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"nothing":          {"", "key 1: write it as id:secret"},
		"no id":            {secretOne, "key 1: write it as id:secret"},
		"a long id":        {"key1:" + secretOne, "id of 2 letters or digits"},
		"an odd id":        {"k_:" + secretOne, "id of 2 letters or digits"},
		"no base64":        {"k1:***" + secretOne, "key k1: the secret is not base64"},
		"a short secret":   {"k1:c2hvcnQ=", "key k1: the secret has 5 bytes, at least 32"},
		"an id twice":      {"k1:" + secretOne + ",k1:" + secretTwo, "key k1 stands in the ring twice"},
		"another mark":     {"k1:" + secretOne + ":unkeyed", "only \":keyed\" may follow"},
		"a comma too many": {"k1:" + secretOne + ",", "key 2: write it as id:secret"},
	} {
		_, err := token.ParseKeyRing(c.text)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), secretOne[:10]) {
			t.Errorf("%s: %v, want %s and no secret", name, err, c.says)
		}
	}
	for _, encoding := range []string{secretOne, strings.TrimRight(secretOne, "="), "_-" + secretOne[2:]} {
		ring(t, "k1:"+encoding)
	}
}

func TestFailsWithoutRandomness(t *testing.T) {
	t.Parallel()
	r := ring(t, "k1:"+secretOne)
	broken := errors.New("broken")
	if _, _, err := r.Mint(iotest.ErrReader(broken), token.Access); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, _, err := r.Mint(bytes.NewReader(make([]byte, 10)), token.Access); err == nil {
		t.Error("made a token of ten bytes")
	}
}

func TestRingIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	r := ring(t, "k1:"+secretOne+",k2:"+secretTwo)
	made, want := mint(t, r)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				if got, err := r.Hash(made); err != nil || got != want {
					t.Errorf("%x, %v", got, err)
					return
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkParseAndHash(b *testing.B) {
	r := ring(b, "k1:"+secretOne)
	made, _ := mint(b, r)
	body := made.Reveal()[:50]
	for name, raw := range map[string]string{"keyed": made.Reveal(), "older form": body + checksum(body)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				parsed, err := token.Parse(raw)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := r.Hash(parsed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCheck is the additional cost for a token that is not cached.
func BenchmarkCheck(b *testing.B) {
	r := ring(b, "k1:"+secretOne)
	made, _ := mint(b, r)
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Check(made); err != nil {
			b.Fatal(err)
		}
	}
}
