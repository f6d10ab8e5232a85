package access_test

import (
	"context"
	"crypto/rand"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

type fixture struct {
	*access.Store
	t      *testing.T
	redis  *redis.Client
	direct *direct.Verifier
	ring   *token.KeyRing
}

func newFixture(t *testing.T, url string) *fixture {
	t.Helper()
	options, err := direct.RedisOptions(url)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := token.ParseKeyRing("k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Set(t.Context(), token.RebuiltKey, "test", 0).Err(); err != nil {
		t.Fatal(err)
	}
	direct, err := direct.New(client, ring, direct.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = direct.Close() })
	return &fixture{Store: access.NewStore(client, ring, 500*time.Millisecond, direct), t: t, redis: client, direct: direct, ring: ring}
}

// records counts all keys except the rebuild marker.
func (f *fixture) records() int64 {
	f.t.Helper()
	n, err := f.redis.DBSize(f.t.Context()).Result()
	if err != nil {
		f.t.Fatal(err)
	}
	return n - 1
}

func (f *fixture) issue() (raw string, i verify.Principal) {
	f.t.Helper()
	made, hash, err := f.ring.Mint(rand.Reader, token.Access)
	if err != nil {
		f.t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	return made.Reveal(), verify.Principal{Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: "ada@books.test", Name: "Ada"}, IssuedAt: now, ExpiresAt: now.Add(2 * time.Hour), IdleExpiresAt: now.Add(time.Hour), Hash: hash}
}

func (f *fixture) put() (raw string, i verify.Principal) {
	f.t.Helper()
	raw, i = f.issue()
	if err := f.Put(f.t.Context(), i.Hash, i); err != nil {
		f.t.Fatal(err)
	}
	return raw, i
}

// name returns the name in a token's record, or "" if there is no record.
func (f *fixture) name(h token.Hash) string {
	p, err := record.Decode(f.ring, h, f.redis.Get(f.t.Context(), h.Key()).Val())
	if err != nil {
		return ""
	}
	return p.Name
}

func (f *fixture) verify(raw string) (verify.Principal, bool) {
	got, err := f.direct.Verify(f.t.Context(), raw)
	if err != nil {
		return verify.Principal{}, false
	}
	return *got, true
}

func TestTokenLivesFromPutToDrop(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	raw, i := f.put()
	if got, alive := f.verify(raw); !alive || got.Name != "Ada" {
		t.Errorf("%+v, %v", got, alive)
	}
	if ends := f.redis.PExpireTime(t.Context(), i.Hash.Key()).Val(); ends != time.Duration(i.IdleExpiresAt.UnixMilli())*time.Millisecond {
		t.Errorf("Redis drops it at %v, want the idle end %d", ends, i.IdleExpiresAt.UnixMilli())
	}
	for range 2 {
		if err := f.Drop(t.Context(), i.Hash); err != nil {
			t.Errorf("drop: %v", err)
		}
	}
	if _, alive := f.verify(raw); alive {
		t.Error("alive after Drop")
	}
}

func TestReplaceChangesOnlyLiveTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	live, i := f.put()
	dead, gone := f.issue()
	i.Name, gone.Name = "", "back"
	if err := f.Replace(t.Context(), i, gone); err != nil {
		t.Fatal(err)
	}
	if got, alive := f.verify(live); !alive || got.Name != "" {
		t.Errorf("replaced: %+v, %v", got, alive)
	}
	i.IdleExpiresAt = i.IdleExpiresAt.Add(5 * time.Hour)
	if err := f.Replace(t.Context(), i, gone); err != nil {
		t.Fatal(err)
	}
	if got, alive := f.verify(live); !alive || !got.IdleExpiresAt.Equal(i.IdleExpiresAt) {
		t.Errorf("extended: %+v, %v", got, alive)
	}
	if ends := f.redis.PExpireTime(t.Context(), i.Hash.Key()).Val(); ends != time.Duration(i.ExpiresAt.UnixMilli())*time.Millisecond {
		t.Errorf("it expires after its lifetime: at %v", ends)
	}
	if _, alive := f.verify(dead); alive || f.redis.Exists(t.Context(), gone.Hash.Key()).Val() != 0 {
		t.Error("a dead token came back")
	}
}

func TestManyTokensAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	var hashes []token.Hash
	var principals []verify.Principal
	for range 600 {
		_, i := f.put()
		i.Name = "changed"
		hashes, principals = append(hashes, i.Hash), append(principals, i)
	}
	if err := f.Replace(t.Context(), principals...); err != nil {
		t.Fatal(err)
	}
	for _, h := range hashes {
		if name := f.name(h); name != "changed" {
			t.Fatalf("one was not changed: %q", name)
		}
	}
	if err := f.Drop(t.Context(), hashes...); err != nil {
		t.Fatal(err)
	}
	if n := f.records(); n != 0 {
		t.Errorf("%d left", n)
	}
	if err := f.Drop(t.Context()); err != nil {
		t.Errorf("no tokens: %v", err)
	}
}

func TestEveryCallHasADeadline(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	f := newFixture(t, proxy.URL)
	_, i := f.put()
	proxy.Stall()
	for name, call := range map[string]func(context.Context) error{
		"Put":     func(ctx context.Context) error { return f.Put(ctx, i.Hash, i) },
		"Drop":    func(ctx context.Context) error { return f.Drop(ctx, i.Hash) },
		"Replace": func(ctx context.Context) error { return f.Replace(ctx, i) },
		"Check":   func(ctx context.Context) error { return f.Check(ctx).Err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := call(ctx); err == nil || ctx.Err() != nil {
			t.Errorf("%s: %v, and the caller's own time: %v", name, err, ctx.Err())
		}
		cancel()
	}
}

// forgotten records the calls of Forget.
type forgotten []token.Hash

func (f *forgotten) Forget(hashes ...token.Hash) { *f = append(*f, hashes...) }

// When a call returns, this replica must no longer answer from memory, even if Redis did
// not answer.
func TestChangedTokensAreForgottenLocally(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	f := newFixture(t, process.URL)
	_, principal := f.put()
	for name, change := range map[string]func(*access.Store) error{
		"dropped":  func(s *access.Store) error { return s.Drop(t.Context(), principal.Hash) },
		"replaced": func(s *access.Store) error { return s.Replace(t.Context(), principal) },
	} {
		local := &forgotten{}
		if err := change(access.NewStore(f.redis, f.ring, time.Second, local)); err != nil || !slices.Equal(slices.Compact(*local), []token.Hash{principal.Hash}) {
			t.Errorf("%s: %v, forgotten: %d", name, err, len(*local))
		}
	}
	process.Kill()
	local := &forgotten{}
	if err := access.NewStore(f.redis, f.ring, time.Second, local).Drop(t.Context(), principal.Hash); err == nil || len(*local) != 1 {
		t.Errorf("without Redis: %v, forgotten: %d", err, len(*local))
	}
}
