package main_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/token"
)

// Whoever may write to Redis without the ring can make a token unavailable for a
// moment, and nothing else.
func TestDamagedRecordsAreWrittenAnew(t *testing.T) {
	t.Parallel()
	a := start(t, func(settings) {})
	client := a.redis()
	living, _ := a.member()
	other, _ := a.signIn(email, password)
	key, otherKey := keyOf(t, living), keyOf(t, other)
	for name, damage := range map[string]func() error{
		"a byte is changed": func() error {
			record := []byte(client.Get(t.Context(), key).Val())
			record[len(record)/2] ^= 1
			return client.Set(t.Context(), key, record, redis.KeepTTL).Err()
		},
		"another token's record": func() error {
			return client.Set(t.Context(), key, client.Get(t.Context(), otherKey).Val(), redis.KeepTTL).Err()
		},
		"of another type": func() error {
			client.Del(t.Context(), key)
			return client.HSet(t.Context(), key, "sid", "x", "email", "root@books.test").Err()
		},
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		bad := client.Dump(t.Context(), key).Val()
		devtest.Eventually(t, name+": the record is written anew", func() bool {
			switch got := a.me(living); got.status {
			case 503, 200:
				return got.status == 200 && client.Dump(t.Context(), key).Val() != bad
			default:
				t.Fatalf("%s: %d %s", name, got.status, got.raw)
				return false
			}
		})
	}
	if a.metric("auth_verify_bad_records_total") == "auth_verify_bad_records_total 0" {
		t.Error("nothing is counted")
	}
}

// The records of the program of before are hashes. An upgrade signs nobody out.
func TestRecordsOfTheFormBeforeAreFilledAnew(t *testing.T) {
	t.Parallel()
	a := start(t, func(settings) {})
	client := a.redis()
	living, _ := a.member()
	ended, _ := a.signIn(email, password)
	a.want(a.call("DELETE", "/v1/sessions/current", ended, nil), 204, "")
	devtest.Eventually(t, "the first rebuild is done", func() bool {
		return strings.HasPrefix(client.Get(t.Context(), token.RebuiltKey).Val(), "2.")
	})
	key := keyOf(t, living)
	client.Del(t.Context(), key)
	if err := client.HSet(t.Context(), key, "sid", "AaIM3mvTdTGKybFjb7HLVQ", "email", email).Err(); err != nil {
		t.Fatal(err)
	}
	mark := strings.TrimPrefix(client.Get(t.Context(), token.RebuiltKey).Val(), "2.")
	if err := client.Set(t.Context(), token.RebuiltKey, mark, 0).Err(); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "Redis is filled anew", func() bool { return strings.HasPrefix(client.Get(t.Context(), token.RebuiltKey).Val(), "2.") })
	if kind := client.Type(t.Context(), key).Val(); kind != "string" {
		t.Errorf("the record is a %s", kind)
	}
	if got := a.me(living); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := a.me(ended); got.status != 401 {
		t.Errorf("an ended token: %d %s", got.status, got.raw)
	}
}

func keyOf(t *testing.T, raw string) string {
	t.Helper()
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := token.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := ring.Hash(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return hash.Key()
}
