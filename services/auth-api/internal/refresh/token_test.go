package refresh_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/refresh"
	"auth.books.test/services/auth-api/internal/servicekey"
)

const (
	keyOne = "s1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	keyTwo = "s2:YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="
)

func tokens(t *testing.T, ring string) *refresh.Tokens {
	t.Helper()
	parsed, err := servicekey.Parse(ring)
	if err != nil {
		t.Fatal(err)
	}
	return refresh.New(parsed)
}

func draw(t *testing.T, of *refresh.Tokens, id uuid.UUID, generation uint32) refresh.Token {
	t.Helper()
	made, err := of.Draw(rand.Reader, id, generation)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func hash(t *testing.T, of *refresh.Tokens, token refresh.Token) refresh.Hash {
	t.Helper()
	h, err := of.Hash(token)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestTokenSaysItsFamilyAndGeneration(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^brt_s1_[0-9A-Za-z]{81}$`)
	of := tokens(t, keyOne)
	for _, id := range []uuid.UUID{uuid.New(), {}, uuid.Max} {
		for _, generation := range []uint32{1, 2, 1<<32 - 1} {
			made := draw(t, of, id, generation)
			if !form.MatchString(made.Reveal()) || len(made.Reveal()) != refresh.Length {
				t.Errorf("%q does not have the form %s", made.Reveal(), form)
			}
			parsed, err := of.Parse(made.Reveal())
			if err != nil || parsed != made || parsed.Authorization != id || parsed.Generation != generation {
				t.Errorf("%s of %s: parsed %+v, %v", made.Reveal(), id, parsed, err)
			}
		}
	}
}

func TestMadeUpTokensAreRefused(t *testing.T) {
	t.Parallel()
	of := tokens(t, keyOne)
	good := draw(t, of, uuid.New(), 7).Reveal()
	bad := map[string]string{
		"empty": "", "too short": good[:len(good)-1], "too long": good + "0", "another type": "bat" + good[3:], "no key": strings.Replace(good, "_s1_", "_s9_", 1),
		"all z": good[:7] + strings.Repeat("Z", 81), "with a dash": good[:20] + "-" + good[21:], "with a sign": good[:7] + "+" + good[8:], "with a line": good[:7] + "\n" + good[8:],
		"of another ring": draw(t, tokens(t, strings.Replace(keyTwo, "s2", "s1", 1)), uuid.New(), 1).Reveal(),
	}
	for n := 7; n < len(good); n++ {
		other := byte('a')
		if good[n] == other {
			other = 'b'
		}
		bad[fmt.Sprintf("character %d changed", n)] = good[:n] + string(other) + good[n+1:]
	}
	for name, text := range bad {
		if parsed, err := of.Parse(text); !errors.Is(err, refresh.ErrInvalid) || parsed != (refresh.Token{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSuccessorIsTheSameForTheSameTokenAndNonceOnly(t *testing.T) {
	t.Parallel()
	of := tokens(t, keyOne)
	presented, nonce := draw(t, of, uuid.New(), 3), bytes.Repeat([]byte{7}, refresh.NonceSize)
	next, random := successor(t, of, presented, nonce)
	again, randomAgain := successor(t, of, presented, nonce)
	if next != again || !bytes.Equal(random, randomAgain) || next.Generation != 4 || next.Authorization != presented.Authorization {
		t.Errorf("%s and %s", next.Reveal(), again.Reveal())
	}
	if parsed, err := of.Parse(next.Reveal()); err != nil || parsed != next {
		t.Errorf("the successor is not a token: %v", err)
	}
	if other, _ := successor(t, of, presented, bytes.Repeat([]byte{8}, refresh.NonceSize)); other == next {
		t.Error("another nonce leads to the same successor")
	}
	if other, _ := successor(t, of, draw(t, of, presented.Authorization, 3), nonce); other == next {
		t.Error("another token leads to the same successor")
	}
}

func TestSuccessorIsFoundAgainAfterARotationOfTheServiceKey(t *testing.T) {
	t.Parallel()
	before, after := tokens(t, keyOne), tokens(t, keyTwo+","+keyOne)
	presented, nonce := draw(t, before, uuid.New(), 1), bytes.Repeat([]byte{1}, refresh.NonceSize)
	next, _ := successor(t, before, presented, nonce)
	found, _, ok, err := after.SuccessorWithHash(presented, nonce, hash(t, before, next))
	if err != nil || !ok || found != next {
		t.Errorf("%s, %v, %v; want %s", found.Reveal(), ok, err, next.Reveal())
	}
	if _, _, ok, err := after.SuccessorWithHash(presented, nonce, refresh.Hash{}); ok || err != nil {
		t.Errorf("a successor with another hash was found: %v", err)
	}
	if fresh, _ := successor(t, after, presented, nonce); !strings.HasPrefix(fresh.Reveal(), "brt_s2_") {
		t.Errorf("%s is not under the new key", fresh.Reveal())
	}
}

func TestNoVerbOrLogShowsARefreshToken(t *testing.T) {
	t.Parallel()
	made := draw(t, tokens(t, keyOne), uuid.New(), 1)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", made)
	for _, shown := range []string{fmt.Sprint(made), fmt.Sprintf("%+v %#v %s %q", made, made, made, made), log.String()} {
		if strings.Contains(shown, made.Reveal()[7:]) || strings.Contains(shown, made.Reveal()[20:40]) {
			t.Errorf("%q shows the token", shown)
		}
	}
}

func successor(t *testing.T, of *refresh.Tokens, presented refresh.Token, nonce []byte) (refresh.Token, []byte) {
	t.Helper()
	next, random, err := of.Successor(presented, nonce)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(random)
	if err != nil || len(rest) < 1000 {
		t.Fatalf("%d bytes are left for the access token, %v", len(rest), err)
	}
	return next, rest
}
