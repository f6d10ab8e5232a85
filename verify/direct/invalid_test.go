package direct_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

func TestTokensThatWereNeverIssuedAreInvalid(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	live, _ := f.put(f.typical())
	made, _, err := f.ring.Mint(rand.Reader, token.Access)
	if err != nil {
		t.Fatal(err)
	}
	// A ring of another installation, with the same key id and another secret.
	other, err := token.ParseKeyRing("k1:" + "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")
	if err != nil {
		t.Fatal(err)
	}
	last := "0"
	if strings.HasSuffix(live, last) {
		last = "1"
	}
	for name, c := range map[string]struct {
		verifier *direct.Verifier
		raw      string
		because  error
	}{
		"unknown":            {f.Verifier, made.Reveal(), nil},
		"of another ring":    {newVerifier(t, f.redis, other, direct.Options{}), live, token.ErrWrongCheck},
		"a wrong check":      {f.Verifier, live[:len(live)-1] + last, token.ErrWrongCheck},
		"a wrong checksum":   {f.Verifier, live[:len(live)-2] + last, token.ErrMalformed},
		"an unknown key":     {f.Verifier, foreign(t), token.ErrUnknownKey},
		"with its scheme":    {f.Verifier, "Bearer " + live, token.ErrMalformed},
		"with a line ending": {f.Verifier, live + "\n", token.ErrMalformed},
	} {
		_, err := c.verifier.Verify(t.Context(), c.raw)
		if !errors.Is(err, verify.ErrInvalidToken) || errors.Is(err, verify.ErrUnavailable) || c.because != nil && !errors.Is(err, c.because) {
			t.Errorf("%s: %v; want ErrInvalidToken because of %v", name, err, c.because)
		}
		if err != nil && strings.Contains(err.Error(), c.raw[10:20]) {
			t.Errorf("%s: the error shows the token: %v", name, err)
		}
	}
	if _, err := f.Verify(t.Context(), live); err != nil {
		t.Errorf("the live one: %v", err)
	}
}

func foreign(t *testing.T) string {
	t.Helper()
	ring, err := token.ParseKeyRing("zz:" + strings.TrimPrefix(ringText, "k1:"))
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := ring.Mint(rand.Reader, token.Access)
	if err != nil {
		t.Fatal(err)
	}
	return made.Reveal()
}

// asked records the keys that a client reads.
type asked struct {
	mu   sync.Mutex
	keys []string
}

func (a *asked) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (a *asked) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (a *asked) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if cmd.Name() == "get" && cmd.Args()[1] != token.RebuiltKey {
				a.note(fmt.Sprint(cmd.Args()[1]))
			}
		}
		return next(ctx, cmds)
	}
}

func (a *asked) note(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys = append(a.keys, key)
}

func (a *asked) read() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.keys)
}

func TestMalformedAndMadeUpTokensCauseNoRead(t *testing.T) {
	t.Parallel()
	ring, err := token.ParseKeyRing(ringText)
	if err != nil {
		t.Fatal(err)
	}
	store := &asked{}
	options, err := direct.RedisOptions(devtest.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	rebuilt(t, client)
	client.AddHook(store)
	t.Cleanup(func() { _ = client.Close() })
	v := newVerifier(t, client, ring, direct.Options{})
	madeUp := []string{"bat_k1_" + strings.Repeat("0", 50), "bpt_k1_" + strings.Repeat("z", 50)}
	for _, raw := range append(madeUp, "", "nonsense", "bat_k1_"+strings.Repeat("0", 49), foreign(t)) {
		if _, err := v.Verify(t.Context(), raw); !errors.Is(err, verify.ErrInvalidToken) {
			t.Errorf("%q: %v", raw, err)
		}
	}
	if keys := store.read(); len(keys) != 0 {
		t.Errorf("read %v", keys)
	}
	if n := v.Stats().MadeUp; n != uint64(len(madeUp)) {
		t.Errorf("%d made-up tokens are counted, want %d", n, len(madeUp))
	}
	made, hash, err := ring.Mint(rand.Reader, token.Access)
	if err != nil {
		t.Fatal(err)
	}
	// A missing key may be read once more, after the rebuild marker was read.
	if _, err := v.Verify(t.Context(), made.Reveal()); !errors.Is(err, verify.ErrInvalidToken) || !slices.Equal(slices.Compact(store.read()), []string{hash.Key()}) {
		t.Errorf("%v, read %v; want the one key %s", err, store.read(), hash.Key())
	}
}

func TestErrorsOfRedisOptionsHoldNoPartOfTheURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "redis://us-er:hush-hush@host:port/0", "redis://us-er:hush-hush@host:6379/zero", "redis://us-er:hush-hush@host:6379/0/1", "http://us-er:hush-hush@host", "hush-hush@host:6379",
		"redis://us-er:hush-hush@ho st:6379", "redis://us-er:hush%zz-hush@host:6379", "redis://us-er:hush-hush@host/0?colour=hush", "redis://us-er:hush-hush@host/0?read_timeout=hush", "redis://us-er:hush\x00hush@host",
	} {
		o, err := direct.RedisOptions(url)
		if err == nil || o != nil {
			t.Errorf("%q: read as %+v", url, o)
			continue
		}
		if text := err.Error(); strings.Contains(text, "hush") || strings.Contains(text, "us-er") {
			t.Errorf("%q: the error shows a part of it: %v", url, err)
		}
	}
}

// Parameters of a URL must not change the timeouts.
func TestRedisOptionsKeepTheDeadlines(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"redis://host", "rediss://u:p@host:6380/2", "redis://host/0?pool_size=3", "unix:///run/redis.sock"} {
		o, err := direct.RedisOptions(url)
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		if o.DialTimeout != direct.RedisDialTimeout || o.ReadTimeout != direct.RedisCallTimeout || o.WriteTimeout != direct.RedisCallTimeout || o.PoolTimeout != direct.RedisCallTimeout ||
			o.MaxRetries > 1 || o.MinRetryBackoff > 0 || o.MaxRetryBackoff > 0 || !o.ContextTimeoutEnabled {
			t.Errorf("%s: %+v", url, o)
		}
	}
	for _, parameter := range []string{"dial_timeout=9s", "read_timeout=9s", "write_timeout=9s", "pool_timeout=9s", "max_retries=9", "min_retry_backoff=1s", "max_retry_backoff=9s"} {
		if _, err := direct.RedisOptions("redis://host/0?" + parameter); err == nil {
			t.Errorf("accepts %s", parameter)
		}
	}
}
