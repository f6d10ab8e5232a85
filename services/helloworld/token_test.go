package main_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

// putToken issues a token like auth-api, for tests that do not start it.
func putToken(t *testing.T, redisURL string) string {
	t.Helper()
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		t.Fatal(err)
	}
	made, hash, err := ring.Mint(rand.Reader, token.Access)
	if err != nil {
		t.Fatal(err)
	}
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	ends := time.Now().Add(time.Hour)
	record, err := record.Encode(ring, verify.Principal{
		Hash: hash,
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: email, Name: "Ada"},
		Audiences: []string{"books"}, Scopes: []string{"books:read"}, IssuedAt: time.Now(), ExpiresAt: ends, IdleExpiresAt: ends,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Set(t.Context(), hash.Key(), record, 0).Err(); err != nil {
		t.Fatal(err)
	}
	return made.Reveal()
}
