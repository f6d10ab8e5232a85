package direct_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// Clients discard their tokens on a 401. A Redis that has lost its data must not cause
// one.
func TestTokensThatRedisLostAreNotInvalid(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]direct.Options{"strict": {Strict: true}, "from memory": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, devtest.Redis(t))
			d := newVerifier(t, f.redis, f.ring, o)
			made, hash, err := f.ring.Mint(rand.Reader, token.Access)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Verify(t.Context(), made.Reveal()); !errors.Is(err, verify.ErrInvalidToken) {
				t.Errorf("never issued: %v, want ErrInvalidToken", err)
			}
			if err := f.redis.FlushDB(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			devtest.Eventually(t, "a missing record is unavailable", func() bool {
				_, err := d.Verify(t.Context(), made.Reveal())
				return errors.Is(err, verify.ErrUnavailable) && !errors.Is(err, verify.ErrInvalidToken)
			})
			// Records that are there are valid, even if others are lost.
			i := f.typical()
			i.Hash = hash
			if err := f.redis.Set(t.Context(), hash.Key(), encoded(t, f.ring, i), 0).Err(); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Verify(t.Context(), made.Reveal()); err != nil {
				t.Errorf("restored: %v", err)
			}
			rebuilt(t, f.redis)
			if err := f.redis.Del(t.Context(), hash.Key()).Err(); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(time.Second); ; {
				_, err := d.Verify(t.Context(), made.Reveal())
				if errors.Is(err, verify.ErrInvalidToken) {
					break
				}
				if err != nil || time.Now().After(end) {
					t.Fatalf("ended after all was restored: %v, want ErrInvalidToken", err)
				}
			}
		})
	}
}
