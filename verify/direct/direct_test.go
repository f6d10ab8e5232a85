package direct_test

import (
	"crypto/rand"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const ringText = "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// fixture is a verifier on a Redis.
type fixture struct {
	*direct.Verifier
	t     testing.TB
	redis *redis.Client
	ring  *token.KeyRing
	now   time.Time
}

func newFixture(t testing.TB, url string) *fixture {
	t.Helper()
	options, err := direct.RedisOptions(url)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, redis: redis.NewClient(options), now: time.Now().UTC().Truncate(time.Second)}
	t.Cleanup(func() { _ = f.redis.Close() })
	if f.ring, err = token.ParseKeyRing(ringText); err != nil {
		t.Fatal(err)
	}
	rebuilt(t, f.redis)
	f.Verifier = newVerifier(t, f.redis, f.ring, direct.Options{Strict: true, Now: func() time.Time { return f.now }})
	return f
}

// rebuilt writes the rebuild marker: no record is lost.
func rebuilt(t testing.TB, client redis.UniversalClient) {
	t.Helper()
	if err := client.Set(t.Context(), token.RebuiltKey, "test", 0).Err(); err != nil {
		t.Fatal(err)
	}
}

func newVerifier(t testing.TB, client redis.UniversalClient, ring *token.KeyRing, o direct.Options) *direct.Verifier {
	t.Helper()
	d, err := direct.New(client, ring, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// typical is a principal of the expected size.
func (f *fixture) typical() verify.Principal {
	return verify.Principal{
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c",
		Account: verify.Account{Email: "ada.lovelace.1843@books.test"}, Audiences: []string{"books", "shop"},
		Scopes:   []string{"account", "books:read", "books:write", "shop:buy"},
		IssuedAt: f.now, AuthenticatedAt: f.now, AuthenticatedBy: []string{"pwd"},
		ExpiresAt: f.now.Add(720 * time.Hour), IdleExpiresAt: f.now.Add(12 * time.Hour),
	}
}

// put makes a token and writes its record.
func (f *fixture) put(i verify.Principal) (raw string, hash token.Hash) {
	f.t.Helper()
	made, hash, err := f.ring.Mint(rand.Reader, token.Access)
	if err != nil {
		f.t.Fatal(err)
	}
	i.Hash = hash
	if err := f.redis.Set(f.t.Context(), hash.Key(), encoded(f.t, f.ring, i), 0).Err(); err != nil {
		f.t.Fatal(err)
	}
	return made.Reveal(), hash
}

func TestLiveTokenReturnsItsPrincipal(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for name, change := range map[string]func(*verify.Principal){
		"typical":     func(*verify.Principal) {},
		"with a name": func(i *verify.Principal) { i.Name = "Ada, Countess of Lovelace" },
		"bare":        func(i *verify.Principal) { i.Audiences, i.Scopes = nil, nil },
		"long": func(i *verify.Principal) {
			i.Email = strings.Repeat("a", 64) + "@" + strings.Repeat("books.", 30) + "test"
			i.Name = strings.Repeat("ü", 32)
			i.Scopes = strings.Fields(strings.Repeat("books:write ", 60))
			i.Audiences = strings.Fields(strings.Repeat("books ", 40))
		},
	} {
		want := f.typical()
		change(&want)
		raw, hash := f.put(want)
		want.Hash = hash
		got, err := f.Verify(t.Context(), raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// An empty list and none are the same.
		if len(want.Scopes) == 0 {
			bare := *got
			bare.Scopes, bare.Audiences = nil, nil
			got = &bare
		}
		if !reflect.DeepEqual(got, &want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

func TestRecordStaysSmall(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	_, hash := f.put(f.typical())
	f.redis.ExpireAt(t.Context(), hash.Key(), f.now.Add(time.Hour))
	size, err := f.redis.MemoryUsage(t.Context(), hash.Key()).Result()
	if err != nil || size >= 300 {
		t.Errorf("%d bytes, %v; want fewer than 300", size, err)
	}
	t.Logf("%d bytes", size)
}

func TestDeadTokensAreInvalid(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	revoked, hash := f.put(f.typical())
	f.redis.Del(t.Context(), hash.Key())
	idle := f.typical()
	idle.IdleExpiresAt = f.now
	idled, _ := f.put(idle)
	old := f.typical()
	old.ExpiresAt = f.now
	ended, _ := f.put(old)
	foreign, err := token.ParseKeyRing("zz:" + strings.TrimPrefix(ringText, "k1:"))
	if err != nil {
		t.Fatal(err)
	}
	unknown, _, _ := foreign.Mint(rand.Reader, token.Access)
	for name, raw := range map[string]string{
		"nothing": "", "a word": "nonsense", "cut short": revoked[:50], "revoked": revoked, "idle": idled, "at its end": ended, "of an unknown key": unknown.Reveal(),
	} {
		if got, err := f.Verify(t.Context(), raw); !errors.Is(err, verify.ErrInvalidToken) || errors.Is(err, verify.ErrUnavailable) {
			t.Errorf("%s: %+v, %v; want ErrInvalidToken", name, got, err)
		}
	}
}

func TestMalformedTokenNeedsNoRedis(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	f := newFixture(t, proxy.URL)
	proxy.Stall()
	began := time.Now()
	if _, err := f.Verify(t.Context(), "nonsense"); !errors.Is(err, verify.ErrInvalidToken) || time.Since(began) > direct.RedisCallTimeout {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestRedisOptionsKeepThePasswordOut(t *testing.T) {
	t.Parallel()
	if _, err := direct.RedisOptions("redis://:hush-hush@host:port/zero"); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
	if o, err := direct.RedisOptions("rediss://u:p@host:6380/2"); err != nil || o.TLSConfig == nil || o.DB != 2 || o.ReadTimeout != direct.RedisCallTimeout {
		t.Errorf("%+v, %v", o, err)
	}
}

func BenchmarkDirect(b *testing.B) {
	f := newFixture(b, devtest.Redis(b))
	raw, _ := f.put(f.typical())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := f.Verify(b.Context(), raw); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
