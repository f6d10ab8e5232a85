package token_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"auth.books.test/verify/token"
)

var (
	form        = regexp.MustCompile(`^b[ap]t_[0-9A-Za-z]{2}_[0-9A-Za-z]{50}$`)
	unkeyedForm = regexp.MustCompile(`^bat_[0-9A-Za-z]{2}_[0-9A-Za-z]{49}$`)
)

// checksum computes the CRC-32 of a token of the older form, independently of the package.
func checksum(body string) string { return inBase62(uint64(crc32.ChecksumIEEE([]byte(body))), 6) }

// check computes the check characters, independently of the package.
func check(t testing.TB, secret, body string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	// HKDF (RFC 5869) by hand: extract without salt, then expand by one block.
	derived := hmacOf(hmacOf(make([]byte, 32), key), []byte("check\x01"))
	return inBase62(binary.BigEndian.Uint64(hmacOf(derived, []byte(body))), 7)
}

func hmacOf(key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return mac.Sum(nil)
}

// inBase62 returns the lowest n digits.
func inBase62(value uint64, n int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	rest, digit := new(big.Int).SetUint64(value), new(big.Int)
	var out []byte
	for range n {
		rest.DivMod(rest, big.NewInt(62), digit)
		out = append(out, digits[digit.Int64()])
	}
	slices.Reverse(out)
	return string(out)
}

// hashed is HMAC-SHA-256 by the standard library alone.
func hashed(t testing.TB, secret, raw string) []byte {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return hmacOf(key, []byte(raw))
}

// Tokens outlive the program that issued them: neither form nor hash may change.
func TestTokensOfEarlierVersionsStayValid(t *testing.T) {
	t.Parallel()
	const raw, key = "bat_k1_00000000000000000000000000000000000000000002orfz3", "session:iJANeP_DTTgKfZjZG3J67wQHKpI7zKiBed7QE6fUenE"
	parsed, err := token.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := ring(t, "k1:"+secretOne).Hash(parsed)
	if err != nil || hash.Key() != key {
		t.Errorf("its key is %s, %v; want %s", hash.Key(), err, key)
	}
}

func TestCheckIsAKeyedHashInBase62(t *testing.T) {
	t.Parallel()
	r := ring(t, "k1:"+secretOne)
	for range 200 {
		made, _ := mint(t, r)
		raw := made.Reveal()
		if !form.MatchString(raw) || raw[50:] != check(t, secretOne, raw[:50]) {
			t.Fatalf("%s: want the check %s", raw, check(t, secretOne, raw[:50]))
		}
		if err := r.Check(made); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
	}
}

func TestChecksumOfTheOlderFormIsCRC32InBase62(t *testing.T) {
	t.Parallel()
	// Small sums keep their leading zeros, so that every token has one length.
	for _, id := range []string{"00", "zz", "A9"} {
		body := "bat_" + id + "_" + strings.Repeat("z", 43)
		if parsed, err := token.Parse(body + checksum(body)); err != nil || parsed.KeyID() != id || parsed.Keyed() {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// ofBytes is a reader that repeats the bytes and counts those read.
type ofBytes struct {
	bytes []byte
	read  int
}

func (o *ofBytes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = o.bytes[(o.read+i)%len(o.bytes)]
	}
	o.read += len(p)
	return len(p), nil
}

func TestMintsFromTheGivenRandomness(t *testing.T) {
	t.Parallel()
	r := ring(t, "k1:"+secretOne)
	for name, c := range map[string]struct {
		bytes  []byte
		secret string
	}{
		"zeros":                        {[]byte{0}, strings.Repeat("0", 43)},
		"each third of the alphabet":   {[]byte{9, 35, 61}, strings.Repeat("9Zz", 15)[:43]},
		"the last that is taken":       {[]byte{247}, strings.Repeat("z", 43)},
		"one over the alphabet":        {[]byte{62}, strings.Repeat("0", 43)},
		"248 to 255 would bias: again": {[]byte{248, 1, 255, 2}, strings.Repeat("12", 22)[:43]},
	} {
		for reading, source := range map[string]io.Reader{
			"at once": &ofBytes{bytes: c.bytes}, "byte by byte": iotest.OneByteReader(&ofBytes{bytes: c.bytes}),
		} {
			made, hash, err := r.Mint(source, token.Access)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, reading, err)
			}
			if raw := made.Reveal(); raw[7:50] != c.secret || !bytes.Equal(hash[:], hashed(t, secretOne, raw)) {
				t.Errorf("%s, %s: %s with %x, want the secret %s", name, reading, raw, hash, c.secret)
			}
		}
	}
}

func TestMintTakesEnoughRandomness(t *testing.T) {
	t.Parallel()
	r := ring(t, "k1:"+secretOne)
	source := &ofBytes{bytes: []byte{7}}
	if _, _, err := r.Mint(source, token.Access); err != nil || source.read < 32 {
		t.Errorf("%d bytes, %v; want 256 bits at least", source.read, err)
	}
	// If the source ends early, no token is made.
	for _, n := range []int{0, 1, 31, 42} {
		made, hash, err := r.Mint(&io.LimitedReader{R: rand.Reader, N: int64(n)}, token.Access)
		if err == nil || made != (token.Token{}) || hash != (token.Hash{}) {
			t.Errorf("made of %d bytes: %v, %v", n, made, err)
		}
	}
	// All bytes are discarded, and then the source ends.
	if _, _, err := r.Mint(bytes.NewReader(bytes.Repeat([]byte{255}, 640)), token.Access); !errors.Is(err, io.EOF) {
		t.Errorf("only bytes that are discarded: %v", err)
	}
}

func TestErrorsOfParseHoldNoPartOfTheToken(t *testing.T) {
	t.Parallel()
	made, _ := mint(t, ring(t, "k1:"+secretOne))
	good := made.Reveal()
	bad := []string{"bat_k1_" + strings.Repeat("0", 49), strings.ToUpper(good), "brt" + good[3:], "bsc" + good[3:], "bcs" + good[3:], " " + good, good + "\n", "Bearer " + good}
	for n := range len(good) {
		bad = append(bad, good[:n])
	}
	for _, s := range bad {
		parsed, err := token.Parse(s)
		if !errors.Is(err, token.ErrMalformed) || parsed != (token.Token{}) {
			t.Errorf("%q: %v, want ErrMalformed", s, err)
		}
		if err != nil && err.Error() != token.ErrMalformed.Error() {
			t.Errorf("the error says more than that: %v", err)
		}
	}
}

func TestNoVerbOrLogShowsTheSecret(t *testing.T) {
	t.Parallel()
	made, _ := mint(t, ring(t, "k1:"+secretOne))
	type answer struct{ Token token.Token }
	var shown []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X"} {
		for _, value := range []any{made, &made, answer{made}, &answer{made}, []token.Token{made}, map[string]token.Token{"t": made}, errors.Join(fmt.Errorf("%v", made))} {
			shown = append(shown, fmt.Sprintf(verb, value))
		}
	}
	for _, handler := range []func(io.Writer) slog.Handler{
		func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) }, func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		var log bytes.Buffer
		slog.New(handler(&log)).Info("x", "token", made, "pointer", &made, "nested", answer{made}, slog.Group("group", "token", made))
		if !strings.Contains(log.String(), "bat_k1_…") {
			t.Errorf("the log does not show which key: %s", &log)
		}
		shown = append(shown, log.String())
	}
	secret := made.Reveal()[7:]
	for _, s := range shown {
		for _, form := range []string{secret[:8], fmt.Sprintf("%x", secret[:8]), fmt.Sprintf("%X", secret[:8])} {
			if strings.Contains(s, form) {
				t.Errorf("shows the secret: %s", s)
			}
		}
	}
}

func TestRingAcceptsEveryVariantOfBase64(t *testing.T) {
	t.Parallel()
	made, _ := mint(t, ring(t, "k1:"+secretOne))
	for name, encoding := range map[string]*base64.Encoding{
		"standard": base64.StdEncoding, "standard without padding": base64.RawStdEncoding, "URL": base64.URLEncoding, "URL without padding": base64.RawURLEncoding,
	} {
		for size := 32; size < 36; size++ { // two, one and no characters of padding
			key := bytes.Repeat([]byte{0xfb, 0xff, 0xfe}, 12)[:size] // needs + and /, or - and _
			got, err := ring(t, " k1:"+encoding.EncodeToString(key)+" , k2:"+secretTwo+"\n").Hash(made)
			if err != nil || !bytes.Equal(got[:], hashed(t, base64.StdEncoding.EncodeToString(key), made.Reveal())) {
				t.Errorf("%s, %d bytes: %x, %v", name, size, got, err)
			}
		}
	}
}

func TestErrorsOfTheRingNameTheKeyAndNoSecret(t *testing.T) {
	t.Parallel()
	const marker = "aHVzaGh1c2hodXNo" // must not be shown
	short := base64.StdEncoding.EncodeToString([]byte("hushhushhushhushhushhushhushhus"))
	for name, c := range map[string]struct{ text, says string }{
		"31 bytes":                       {"k1:" + short, "key k1: the secret has 31 bytes, at least 32"},
		"no bytes":                       {"k1:", "key k1: the secret has 0 bytes"},
		"no secret":                      {"k1", "key 1: write it"},
		"no id":                          {":" + marker, "key 1: write it"},
		"the secret first":               {marker + ":k1", "key 1: write it"},
		"an id of another alphabet":      {"ké:" + marker, "key 1: write it"},
		"an id of one":                   {"k:" + marker, "key 1: write it"},
		"the second is bad":              {"k1:" + secretOne + ",k2:" + marker + "*", "key k2: the secret is not base64"},
		"the third has no id":            {"k1:" + secretOne + ",k2:" + secretTwo + "," + marker, "key 3: write it"},
		"an empty one between":           {"k1:" + secretOne + ",,k2:" + secretTwo, "key 2: write it"},
		"two alphabets in one":           {"k1:-+" + marker, "key k1: the secret is not base64"},
		"padding in the middle":          {"k1:" + marker + "=" + marker, "key k1: the secret is not base64"},
		"semicolons instead of commas":   {"k1:" + secretOne + ";k2:" + marker, "key k1: the secret is not base64"},
		"the same id, the same secret":   {"k1:" + secretOne + ",k1:" + secretOne, "key k1 stands in the ring twice"},
		"a secret with a space in it":    {"k1:" + marker + " " + marker, "key k1: the secret is not base64"},
		"hexadecimal, which is too long": {"k1:" + strings.Repeat("zz!", 11), "key k1: the secret is not base64"},
	} {
		r, err := token.ParseKeyRing(c.text)
		if err == nil || r != nil || !strings.HasPrefix(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", name, err, c.says)
		}
		if err != nil && (strings.Contains(err.Error(), marker) || strings.Contains(err.Error(), secretOne[:10]) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%s: shows a secret: %v", name, err)
		}
	}
}

func TestRingListsItsKeysTheSigningOneFirst(t *testing.T) {
	t.Parallel()
	ids := ring(t, "k3:"+secretOne+",k1:"+secretTwo+",k2:"+secretOne).KeyIDs()
	if ids[0] != "k3" || !slices.Equal(slices.Sorted(slices.Values(ids)), []string{"k1", "k2", "k3"}) {
		t.Errorf("got %v", ids)
	}
}

// The HMAC states are reused. Concurrent tokens must not get each other's.
func TestTokensHashedAtOnceDoNotMix(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"k1": secretOne, "k2": secretTwo}
	rings := []*token.KeyRing{ring(t, "k1:"+secretOne+",k2:"+secretTwo), ring(t, "k2:"+secretTwo+",k1:"+secretOne)}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range 200 {
				made, minted, err := rings[n%2].Mint(rand.Reader, token.Access)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := rings[0].Hash(made)
				if err != nil || got != minted || !bytes.Equal(got[:], hashed(t, secrets[made.KeyID()], made.Reveal())) {
					t.Errorf("%v: %x and %x, %v", made, minted, got, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// FuzzParse compares Parse and Check with regular expressions and with independently
// computed check characters. It also tries each input with the right check characters.
func FuzzParse(f *testing.F) {
	r := ring(f, "k1:"+secretOne)
	made, _ := mint(f, r)
	for _, seed := range []string{made.Reveal(), made.Reveal()[:50], "bat_", "", "bat_k2_" + strings.Repeat("z", 49), "bat_k1_" + strings.Repeat("é", 24) + "0", strings.Repeat("\x00", 56)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		body := s[:min(len(s), 50)]
		for _, s := range []string{s, body + checksum(body), body + check(t, secretOne, body)} {
			parsed, err := token.Parse(s)
			if want := form.MatchString(s) || unkeyedForm.MatchString(s) && s[50:] == checksum(s[:50]); (err == nil) != want {
				t.Fatalf("%q: %v, right is %v", s, err, want)
			}
			if err != nil {
				continue
			}
			if want := s[4:6] == "k1" && (!parsed.Keyed() || s[50:] == check(t, secretOne, s[:50])); (r.Check(parsed) == nil) != want {
				t.Errorf("%q: check %v, right is %v", s, r.Check(parsed), want)
			}
			if parsed.Reveal() != s || parsed.KeyID() != s[4:6] || strings.Contains(parsed.String(), s[7:]) {
				t.Errorf("%q became %q of key %q, shown as %v", s, parsed.Reveal(), parsed.KeyID(), parsed)
			}
			hash, err := r.Hash(parsed)
			if known := parsed.KeyID() == "k1"; (err == nil) != known || known && !bytes.Equal(hash[:], hashed(t, secretOne, s)) {
				t.Errorf("%q: hash %x, %v", s, hash, err)
			}
		}
	})
}
