package fiberbearer_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

const (
	ringText  = "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	sessionID = "01a20cde-6bd3-7531-8ac9-b1636fb1cb55"
)

// fixture is a verifier with a Redis, in which it writes records like auth-api.
type fixture struct {
	verifier *direct.Verifier
	redis    *redis.Client
	ring     *token.KeyRing
}

func newFixture(t *testing.T, url string) *fixture {
	t.Helper()
	options, err := direct.RedisOptions(url)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{redis: redis.NewClient(options)}
	t.Cleanup(func() { _ = f.redis.Close() })
	if err := f.redis.Set(t.Context(), token.RebuiltKey, "test", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if f.ring, err = token.ParseKeyRing(ringText); err != nil {
		t.Fatal(err)
	}
	direct, err := direct.New(f.redis, f.ring, direct.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = direct.Close() })
	f.verifier = direct
	return f
}

func (f *fixture) signIn(t *testing.T, audiences, scopes []string) (raw string) {
	t.Helper()
	return f.put(t, time.Now().Add(time.Hour), audiences, scopes)
}

func (f *fixture) expired(t *testing.T) (raw string) {
	t.Helper()
	return f.put(t, time.Now().Add(-time.Second), []string{"books"}, []string{"books:read"})
}

func (f *fixture) put(t *testing.T, ends time.Time, audiences, scopes []string) string {
	t.Helper()
	made, hash, err := f.ring.Mint(rand.Reader, token.Access)
	if err != nil {
		t.Fatal(err)
	}
	record, err := record.Encode(f.ring, verify.Principal{
		Hash: hash,
		Kind: verify.KindAccount, Authorization: sessionID, Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: "ada@books.test"},
		Audiences: audiences, Scopes: scopes, IssuedAt: time.Now(), ExpiresAt: ends, IdleExpiresAt: ends,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.redis.Set(t.Context(), hash.Key(), record, 0).Err(); err != nil {
		t.Fatal(err)
	}
	return made.Reveal()
}

// mint makes a token without a record.
func (f *fixture) mint(t *testing.T) string {
	t.Helper()
	made, _, err := f.ring.Mint(rand.Reader, token.Access)
	if err != nil {
		t.Fatal(err)
	}
	return made.Reveal()
}

func (f *fixture) key(t *testing.T, raw string) string {
	t.Helper()
	parsed, err := token.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := f.ring.Hash(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return hash.Key()
}

func (f *fixture) revoke(t *testing.T, raw string) {
	t.Helper()
	if n, err := f.redis.Del(t.Context(), f.key(t, raw)).Result(); err != nil || n != 1 {
		t.Fatal(n, err)
	}
}

// garble makes a token whose record cannot be read.
func (f *fixture) garble(t *testing.T) (raw string) {
	t.Helper()
	raw = f.signIn(t, []string{"books"}, []string{"books:read"})
	if err := f.redis.Set(t.Context(), f.key(t, raw), "no record", 0).Err(); err != nil {
		t.Fatal(err)
	}
	return raw
}
