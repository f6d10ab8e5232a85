package main_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
	"auth.books.test/verify"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

// A Redis that evicts may have dropped the record of a live token: whoever asks is
// told to come again, and who runs the service is told what to change.
func TestEvictingRedisIsNamedAndCallsNoLiveTokenDead(t *testing.T) {
	t.Parallel()
	for name, atStart := range map[string]bool{"from the start": true, "from some moment on": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := devtest.RedisWith(t, "appendonly no\n")
			admin := server.Client(t)
			evict := func() {
				for setting, value := range map[string]string{"maxmemory": "5mb", "maxmemory-policy": "volatile-lru"} {
					if err := admin.ConfigSet(t.Context(), setting, value).Err(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if atStart {
				evict()
			}
			a := start(t, func(s settings) { s["SESSION_DB_URL"] = "redis://" + server.Addr + "/0" })
			living, _ := a.member()
			if !atStart {
				evict()
			}
			devtest.Eventually(t, "/readyz and the log name the policy", func() bool {
				r := a.ready()
				return r.status == 200 && strings.Contains(r.raw, "degraded") && strings.Contains(r.raw, "maxmemory-policy volatile-lru") && strings.Contains(a.log.String(), "maxmemory-policy volatile-lru")
			})
			// Before anything is dropped, too: nobody could tell.
			devtest.Eventually(t, "an unknown token is not called dead", func() bool { return a.me(mintText(t)).status == 503 })
			// Until nothing is left that may be dropped.
			for n := 0; admin.Set(t.Context(), fmt.Sprintf("junk:%d", n), strings.Repeat("x", 20_000), 0).Err() == nil; n++ {
			}
			for range 20 {
				if got := a.me(living); got.status == 401 {
					t.Fatalf("a live token is called dead: %s", got.raw)
				}
			}
			if n := strings.Count(a.log.String(), "session-db: Redis may evict"); n != 1 {
				t.Errorf("the log says it %d times, want once", n)
			}
			if err := admin.ConfigSet(t.Context(), "maxmemory-policy", "noeviction").Err(); err != nil {
				t.Fatal(err)
			}
			if err := admin.ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
				t.Fatal(err)
			}
			devtest.Eventually(t, "what was dropped is back", func() bool {
				got := a.me(living)
				if got.status == 401 {
					t.Fatalf("a live token is called dead: %s", got.raw)
				}
				return got.status == 200
			})
			devtest.Eventually(t, "unknown tokens are refused again", func() bool { return a.me(mintText(t)).status == 401 })
			if r := a.ready(); r.status != 200 || strings.Contains(r.raw, "problems") {
				t.Errorf("/readyz: %d %s", r.status, r.raw)
			}
		})
	}
}

// mintText is a token in the right form that was never given out.
func mintText(t *testing.T) string {
	t.Helper()
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		t.Fatal(err)
	}
	random := uuid.New()
	made, _, err := ring.Mint(strings.NewReader(strings.Repeat(random.String(), 10)), token.Access)
	if err != nil {
		t.Fatal(err)
	}
	return made.Reveal()
}

// Other programs may keep keys in the same database, also in the form of ours.
func TestKeysOfOtherProgramsAreLeftAsTheyAre(t *testing.T) {
	t.Parallel()
	env := servicetest.AuthAPISettings(t)
	foreign(t, env["SESSION_DB_URL"])
	a := startWith(t, env)
	client := a.redis()
	before := dumps(t, client)
	// One of ours that Postgres does not know goes.
	ours := token.Hash{9}.Key()
	stray := verify.Principal{
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: "ada@books.test"},
		IssuedAt: time.Now(), ExpiresAt: time.Unix(9999999999, 0), IdleExpiresAt: time.Unix(9999999999, 0), Hash: token.Hash{9},
	}
	if err := client.Set(t.Context(), ours, newRecord(t, stray), 0).Err(); err != nil {
		t.Fatal(err)
	}
	_ = client.Del(t.Context(), token.RebuiltKey).Err() // look through the records again
	devtest.Eventually(t, "our own stray record is gone", func() bool { return client.Exists(t.Context(), ours).Val() == 0 })
	living, _ := a.member()
	if got := a.me(living); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
	for key, dump := range before {
		if now := client.Dump(t.Context(), key).Val(); now != dump {
			t.Errorf("%s was changed or deleted", key)
		}
	}
}

// newRecord is a token's record under the ring of the tests.
func newRecord(t *testing.T, i verify.Principal) []byte {
	t.Helper()
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		t.Fatal(err)
	}
	made, err := record.Encode(ring, i)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func foreign(t *testing.T, url string) {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	like := func(n byte) string { return token.Hash{n, 1}.Key() }
	for _, command := range [][]any{
		{"SET", like(1), "a session of Flask"}, {"SET", like(2), "one with an end", "EX", "3600"}, {"HSET", like(3), "data", "a hash of another program"},
		{"HSET", like(4), "sid", "x", "sub", "y", "exp", "1", "idle", "1", "email", "ada@books.test"}, {"RPUSH", like(5), "a", "b"}, {"SADD", like(6), "a"}, {"ZADD", like(7), "1", "a"},
		{"SET", "session:1234", "short"}, {"SET", strings.TrimSuffix(like(8), "A") + "B", "the same bytes, written in another way"}, {"SET", "client:01a20cde-6bd3-7531-8ac9-b1636fb1cb55", "another's client"}, {"SET", "other", "x"},
	} {
		if err := client.Do(t.Context(), command...).Err(); err != nil {
			t.Fatalf("%v: %v", command, err)
		}
	}
}

func dumps(t *testing.T, client *redis.Client) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, key := range client.Keys(t.Context(), "*").Val() {
		if key != token.RebuiltKey && key != "session:rebuilding" {
			found[key] = client.Dump(t.Context(), key).Val()
		}
	}
	if len(found) != 11 {
		t.Fatalf("%d keys, want 11 of other programs", len(found))
	}
	return found
}

func TestFullRedisIsNamedAndVerificationGoesOn(t *testing.T) {
	t.Parallel()
	server := devtest.RedisWith(t, "appendonly no\n")
	admin := server.Client(t)
	a := start(t, func(s settings) { s["SESSION_DB_URL"] = "redis://" + server.Addr + "/0" })
	living, _ := a.library()
	ended, _ := a.signIn(email, password)
	memory := func(value string) {
		t.Helper()
		if err := admin.ConfigSet(context.Background(), "maxmemory", value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	memory("1mb")
	a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}), 503, "store_unavailable")
	if got := a.me(living); got.status != 200 {
		t.Errorf("verification: %d %s", got.status, got.raw)
	}
	a.want(a.call("DELETE", "/v1/sessions/current", ended, nil), 204, "")
	a.want(a.me(ended), 401, "invalid_token")
	if out, err := a.run("role", "revoke", email, "shop", "editor"); err == nil {
		t.Logf("a role was revoked: %s", out)
	}
	// It is alive with what is left, which cannot be written: neither a pass nor dead.
	if got := a.call("GET", "/verify?api=shop&scope=shop:buy", living, nil); got.status != 503 {
		t.Errorf("a right that was taken away: %d %s", got.status, got.raw)
	}
	if r := a.ready(); r.status != 200 || !strings.Contains(r.raw, `"status":"degraded"`) || !strings.Contains(r.raw, "Redis is full") {
		t.Errorf("/readyz: %d %s", r.status, r.raw)
	}
	devtest.Eventually(t, "the log names it", func() bool { return strings.Contains(a.log.String(), "session-db: Redis is full") })
	memory("0")
	devtest.Eventually(t, "all is well", func() bool {
		r := a.ready()
		return r.status == 200 && !strings.Contains(r.raw, "problems") && a.call("GET", "/verify?api=books&scope=books:read", living, nil).status == 204
	})
	if n := strings.Count(a.log.String(), "session-db: Redis is full"); n != 1 {
		t.Errorf("the log says it %d times, want once", n)
	}
}
