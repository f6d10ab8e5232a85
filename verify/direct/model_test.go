package direct_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// The test checks the guarantees of the package under all faults at once. Tokens are
// issued, changed, revoked and expire at random, while connections are killed, stalled and
// cut, Redis hangs and crashes, and several verifiers are called all the time.
//
//   - no call that begins later than the bound after a token's end accepts it, or returns
//     scopes that ended so long ago;
//   - no token that is alive during a whole call is refused as invalid;
//   - a verifier whose Redis works answers.
//
// MODEL_SEED repeats a schedule, MODEL_SECONDS makes it longer (make fault).
func TestNoTokenIsAcceptedAfterItsEndWhateverFails(t *testing.T) {
	t.Parallel()
	seed, seconds := uint64(time.Now().UnixNano()), 8
	if set := os.Getenv("MODEL_SEED"); set != "" {
		seed, _ = strconv.ParseUint(set, 10, 64)
	}
	if set, err := strconv.Atoi(os.Getenv("MODEL_SECONDS")); err == nil {
		seconds = set
	}
	m := newModel(t, seed)
	t.Logf("MODEL_SEED=%d, %d s", seed, seconds)
	m.run(time.Duration(seconds) * time.Second)

	var all sums
	for _, v := range m.verifiers {
		t.Logf("%-14s %s; %+v", v.name, &v.sums, v.Stats())
		all.add(&v.sums)
	}
	t.Logf("%d sign-ins, %d changes, %d ends, faults: %v", m.signIns.Load(), m.changes.Load(), m.ends.Load(), m.faults)
	// A run with too few events would prove nothing.
	if all.passed.Load() < 500 || all.invalid.Load() < 50 || m.ends.Load() < 20 || len(m.faults) < 3 {
		t.Errorf("too little happened: %s", &all)
	}
}

// version is one version of a token's record.
type version struct {
	scope  string
	until  time.Time // when Redis acknowledged its end; zero if it is current
	ending time.Time // when the write that ended it began
}

type modelToken struct {
	raw     string
	hash    token.Hash
	mu      sync.Mutex // one write at a time
	history []version
	expires time.Time
}

type model struct {
	t         *testing.T
	seed      uint64
	process   *devtest.Process
	store     *redis.Client
	ring      *token.KeyRing
	verifiers []*modelVerifier
	mu        sync.RWMutex
	tokens    []*modelToken
	down      disturbances
	faults    map[string]int

	signIns, changes, ends atomic.Int64
}

type modelVerifier struct {
	*direct.Verifier
	name  string
	bound time.Duration // 0: strict
	proxy *devtest.Proxy
	down  disturbances
	sums  sums
}

type sums struct{ passed, invalid, unavailable atomic.Int64 }

func (s *sums) add(other *sums) {
	s.passed.Add(other.passed.Load())
	s.invalid.Add(other.invalid.Load())
	s.unavailable.Add(other.unavailable.Load())
}

func (s *sums) String() string {
	return fmt.Sprintf("%d passed, %d invalid, %d unavailable", s.passed.Load(), s.invalid.Load(), s.unavailable.Load())
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, seed: seed, process: devtest.RedisProcess(t), faults: map[string]int{}}
	options, err := redis.ParseURL(m.process.URL)
	if err != nil {
		t.Fatal(err)
	}
	options.MaxRetries, options.ReadTimeout = -1, 10*time.Second // so that a write rather takes long than has an unknown outcome
	m.store = redis.NewClient(options)
	t.Cleanup(func() { _ = m.store.Close() })
	rebuilt(t, m.store)
	if m.ring, err = token.ParseKeyRing(ringText); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		o     direct.Options
		bound time.Duration
	}{
		{"default", direct.Options{Bound: 500 * time.Millisecond}, 500 * time.Millisecond},
		{"short bound", direct.Options{Bound: 100 * time.Millisecond}, 100 * time.Millisecond},
		{"little memory", direct.Options{Bound: 300 * time.Millisecond, CacheBytes: 256 << 10}, 300 * time.Millisecond},
		{"strict", direct.Options{Strict: true}, 0},
	} {
		proxy := devtest.NewProxy(t, m.process.URL)
		client, err := direct.Open(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		m.verifiers = append(m.verifiers, &modelVerifier{Verifier: newVerifier(t, client, m.ring, c.o), name: c.name, bound: c.bound, proxy: proxy})
	}
	return m
}

func (m *model) random(part uint64) *mathrand.Rand {
	return mathrand.New(mathrand.NewPCG(m.seed, part))
}

func (m *model) run(length time.Duration) {
	ctx, stop := context.WithTimeout(context.Background(), length)
	defer stop()
	for range 30 {
		m.signIn(ctx, m.random(0))
	}
	var all sync.WaitGroup
	for i := range uint64(3) {
		all.Go(func() { m.write(ctx, m.random(10+i)) })
	}
	for i, v := range m.verifiers {
		for j := range 3 {
			all.Go(func() { m.ask(ctx, v, m.random(uint64(100+10*i+j))) })
		}
	}
	all.Go(func() { m.breakThings(ctx, m.random(1)) })
	all.Wait()
}

// write issues, changes and revokes tokens at random.
func (m *model) write(ctx context.Context, r *mathrand.Rand) {
	for ctx.Err() == nil {
		switch n := r.IntN(10); {
		case n < 4:
			m.signIn(ctx, r)
		case n < 7:
			m.change(ctx, m.pick(r), r)
		default:
			m.end(ctx, m.pick(r))
		}
		pause(ctx, time.Duration(r.IntN(8))*time.Millisecond)
	}
}

func (m *model) pick(r *mathrand.Rand) *modelToken {
	m.mu.RLock()
	defer m.mu.RUnlock()
	// Mostly one of the newest, because most others have ended.
	return m.tokens[max(0, len(m.tokens)-1-r.IntN(min(60, len(m.tokens))))]
}

func (m *model) record(t *modelToken, scope string) string {
	return encoded(m.t, m.ring, verify.Principal{
		Hash: t.hash,
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: "ada@books.test"},
		Audiences: []string{"books"}, Scopes: []string{scope}, IssuedAt: time.Now(), ExpiresAt: t.expires, IdleExpiresAt: t.expires,
	})
}

func (m *model) signIn(ctx context.Context, r *mathrand.Rand) {
	made, hash, err := m.ring.Mint(rand.Reader, token.Access)
	if err != nil {
		m.t.Error(err)
		return
	}
	// Some expire during the run. Records have whole seconds.
	life := time.Hour
	if r.IntN(5) == 0 {
		life = time.Duration(1+r.IntN(3)) * time.Second
	}
	tok := &modelToken{raw: made.Reveal(), hash: hash, expires: time.Now().Add(life).Truncate(time.Second)}
	if err := m.store.SetArgs(ctx, hash.Key(), m.record(tok, "v0"), redis.SetArgs{ExpireAt: tok.expires}).Err(); err != nil {
		return // not acknowledged: the token was not issued
	}
	tok.history = []version{{scope: "v0"}}
	m.signIns.Add(1)
	m.mu.Lock()
	m.tokens = append(m.tokens, tok)
	m.mu.Unlock()
}

// change gives a live token another scope, like a change of roles.
func (m *model) change(ctx context.Context, tok *modelToken, r *mathrand.Rand) {
	tok.mu.Lock()
	defer tok.mu.Unlock()
	last := len(tok.history) - 1
	if !tok.history[last].ending.IsZero() || time.Until(tok.expires) < time.Second {
		return
	}
	scope := fmt.Sprint("v", r.Uint32())
	m.mu.Lock()
	tok.history[last].ending = time.Now()
	tok.history = append(tok.history, version{scope: scope})
	m.mu.Unlock()
	if !m.acknowledged(ctx, func(ctx context.Context) error {
		err := m.store.SetArgs(ctx, tok.hash.Key(), m.record(tok, scope), redis.SetArgs{Mode: "XX", ExpireAt: tok.expires}).Err()
		if errors.Is(err, redis.Nil) {
			return nil // lost or expired
		}
		return err
	}) {
		return
	}
	m.changes.Add(1)
	m.mu.Lock()
	tok.history[last].until = time.Now()
	m.mu.Unlock()
}

// end revokes a token.
func (m *model) end(ctx context.Context, tok *modelToken) {
	tok.mu.Lock()
	defer tok.mu.Unlock()
	last := len(tok.history) - 1
	if !tok.history[last].ending.IsZero() {
		return
	}
	m.mu.Lock()
	tok.history[last].ending = time.Now()
	m.mu.Unlock()
	if !m.acknowledged(ctx, func(ctx context.Context) error { return m.store.Del(ctx, tok.hash.Key()).Err() }) {
		return
	}
	m.ends.Add(1)
	m.mu.Lock()
	tok.history[last].until = time.Now()
	m.mu.Unlock()
}

// acknowledged repeats a write until Redis acknowledges it, like auth-api's relay.
func (m *model) acknowledged(ctx context.Context, write func(context.Context) error) bool {
	for ctx.Err() == nil {
		if write(ctx) == nil {
			return true
		}
		pause(ctx, 5*time.Millisecond)
	}
	return false
}

// ask verifies tokens and checks the answers.
func (m *model) ask(ctx context.Context, v *modelVerifier, r *mathrand.Rand) {
	for ctx.Err() == nil {
		tok := m.pick(r)
		began := time.Now()
		identity, err := v.Verify(context.Background(), tok.raw)
		answered := time.Now()
		m.mu.RLock()
		history := slices.Clone(tok.history)
		m.mu.RUnlock()
		switch {
		case err == nil:
			v.sums.passed.Add(1)
			m.judgePassed(v, tok, history, identity, began)
		case errors.Is(err, verify.ErrUnavailable):
			v.sums.unavailable.Add(1)
			if !m.down.during(began, answered) && !v.down.during(began, answered) {
				m.t.Errorf("%s: no answer although Redis worked: %v", v.name, err)
			}
			pause(ctx, time.Millisecond)
		default:
			v.sums.invalid.Add(1)
			m.judgeRefused(v, tok, history, began, answered, err)
		}
		if r.IntN(4) == 0 {
			pause(ctx, time.Duration(r.IntN(2000))*time.Microsecond)
		}
	}
}

func (m *model) judgePassed(v *modelVerifier, tok *modelToken, history []version, identity *verify.Principal, began time.Time) {
	i := slices.IndexFunc(history, func(h version) bool { return h.scope == strings.Join(identity.Scopes, " ") })
	if i < 0 {
		m.t.Errorf("%s: accepted with scopes that the token never had: %v", v.name, identity.Scopes)
		return
	}
	if until := history[i].until; !until.IsZero() && began.Sub(until) > v.bound {
		m.t.Errorf("%s: accepted %v after its end was acknowledged, the bound is %v", v.name, began.Sub(until), v.bound)
	}
	if began.After(tok.expires) {
		m.t.Errorf("%s: accepted %v after it expired", v.name, began.Sub(tok.expires))
	}
}

func (m *model) judgeRefused(v *modelVerifier, tok *modelToken, history []version, began, answered time.Time, err error) {
	last := history[len(history)-1]
	ended := !last.ending.IsZero() && last.ending.Before(answered)
	if !ended && answered.Before(tok.expires) {
		m.t.Errorf("%s: a live token is refused (call of %v): %v", v.name, answered.Sub(began), err)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
