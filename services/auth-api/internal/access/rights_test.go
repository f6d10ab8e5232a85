package access_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// The test uses the rights that docs/storage.md lists for a Redis Cluster.
func TestTheRightsAreEnoughInACluster(t *testing.T) {
	t.Parallel()
	const (
		api      = "~session:* ~client:* ~limit:* +ping +client|tracking +info +scan +get +touch +object|idletime +set +del +hgetall +hset +hdel +watch +unwatch +multi +exec +zadd +zrem +zcard +zrange +zremrangebyscore +pexpire"
		verifier = "%R~session:* +ping +client|tracking +get +touch"
		cluster  = " +cluster|slots +command +asking"
	)
	c := devtest.RedisCluster(t, 2, 0)
	for _, node := range c.Nodes {
		for user, rights := range map[string]string{"auth-api": api + cluster, "verifier": verifier + cluster} {
			args := []any{"ACL", "SETUSER", user, "on", ">hush", "resetchannels", "-@all"}
			for _, right := range strings.Fields(rights) {
				args = append(args, right)
			}
			do(t, node.Client(t), args...)
		}
	}
	as := func(user string) (*direct.Verifier, *access.Store) {
		client, err := direct.Open(strings.Replace(c.URL, "//", "//"+user+":hush@", 1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		direct, err := direct.New(client, clusterRing(t), direct.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = direct.Close() })
		return direct, access.NewStore(client, clusterRing(t), 5*time.Second, direct)
	}
	_, store := as("auth-api")
	direct, _ := as("verifier")
	if c := store.Check(t.Context()); c.Problem != "" || c.Blind {
		t.Errorf("%+v", c)
	}
	began, err := store.BeginRebuild(t.Context(), "mark")
	if err != nil {
		t.Fatal(err)
	}
	var principals []verify.Principal
	var texts []string
	for range 20 { // on both masters
		made, hash, err := clusterRing(t).Mint(rand.Reader, token.Access)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().UTC().Truncate(time.Second)
		i := verify.Principal{Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: "ada@books.test"}, Scopes: []string{"a", "b"}, IssuedAt: time.Now(), ExpiresAt: now.Add(time.Hour), IdleExpiresAt: now.Add(time.Hour), Hash: hash}
		principals, texts = append(principals, i), append(texts, made.Reveal())
	}
	if err := store.Restore(t.Context(), principals...); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(store.Complete(t.Context(), began), store.FinishRebuild(t.Context(), began)); err != nil {
		t.Fatal(err)
	}
	if known, err := store.Rebuilt(t.Context()); err != nil || !known {
		t.Errorf("%v, %v", known, err)
	}
	if held, err := store.Claim(t.Context(), "mine", time.Second); err != nil || !held {
		t.Errorf("claim: %v, %v", held, err)
	}
	for n := range principals {
		principals[n].Scopes = []string{"a"}
	}
	if err := store.Replace(t.Context(), principals...); err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if got, err := direct.Verify(t.Context(), text); err != nil || strings.Join(got.Scopes, " ") != "a" {
			t.Errorf("%v, %v", got.Scopes, err)
		}
	}
	idle, err := store.Idle(t.Context(), []token.Hash{principals[0].Hash, principals[1].Hash})
	if err != nil || len(idle) != 2 {
		t.Errorf("idle: %v, %v", idle, err)
	}
	if err := store.Drop(t.Context(), principals[0].Hash); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; {
		if _, err := direct.Verify(t.Context(), texts[0]); err != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("a dropped token is valid")
		}
	}
}

func clusterRing(t *testing.T) *token.KeyRing {
	t.Helper()
	ring, err := token.ParseKeyRing("k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		t.Fatal(err)
	}
	return ring
}
