package limit

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"auth.books.test/services/auth-api/internal/fault"
)

// cooldown is how long Redis is not asked after it did not answer.
const cooldown = time.Second

// Options are the parts of a Limiter.
type Options struct {
	Rates
	Redis redis.UniversalClient
	// Timeout bounds each call of Redis.
	Timeout time.Duration
	// Key is derived from the service ring with Label.
	Key []byte
	Now func() time.Time
	Log *slog.Logger
}

// Limiter reserves attempts. Limiters on one Redis with one key share their limits.
type Limiter struct {
	Options
	signIn, registration, client door
	session                      policy

	shared store
	memory *memory
	lines  *lines
	// silentUntil is when Redis is asked again, in nanoseconds; 0 if it answers.
	silentUntil atomic.Int64

	limited  *prometheus.CounterVec
	failures prometheus.Counter
}

// New makes a Limiter.
func New(o Options) *Limiter {
	l := &Limiter{
		Options: o, shared: store{o.Redis, o.Timeout}, memory: newMemory(), lines: newLines(),
		signIn:       newDoor("sign_in", o.SignIn, o.SignInOverall),
		registration: newDoor("registration", o.Registration, o.RegistrationOverall),
		client:       newDoor("client", o.Client, o.ClientOverall),
		session:      policy{"session", o.Session},
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth_limited_total", Help: "Requests refused by a limit, by the limit.",
		}, []string{"limit"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "auth_limit_failures_total", Help: "Attempts that Redis could not count; a tenth of each limit was left for them.",
		}),
	}
	for _, p := range l.policies() {
		l.limited.WithLabelValues(p.name)
	}
	return l
}

func (l *Limiter) policies() (all []policy) {
	for _, d := range []door{l.signIn, l.registration, l.client} {
		all = append(all, d.address, d.network, d.overall)
	}
	return append(all, l.session)
}

// Collectors are the metrics.
func (l *Limiter) Collectors() []prometheus.Collector {
	return []prometheus.Collector{l.limited, l.failures}
}

// AttemptSignIn reserves a sign-in from an address. Fault of all Attempts:
// too_many_attempts.
func (l *Limiter) AttemptSignIn(ctx context.Context, from netip.Addr) (*Attempt, error) {
	return l.reserve(ctx, l.at(l.signIn, from))
}

// AttemptRegistration reserves a registration from an address.
func (l *Limiter) AttemptRegistration(ctx context.Context, from netip.Addr) (*Attempt, error) {
	return l.reserve(ctx, l.at(l.registration, from))
}

// AttemptPassword reserves a check of the current password in a session. It counts as a
// sign-in from the address as well.
func (l *Limiter) AttemptPassword(ctx context.Context, from netip.Addr, session uuid.UUID) (*Attempt, error) {
	return l.reserve(ctx, append([]claim{l.claim(l.session, session[:])}, l.at(l.signIn, from)...))
}

// MissClient counts a client's wrong secret from an address.
func (l *Limiter) MissClient(ctx context.Context, from netip.Addr) error {
	a, err := l.reserve(ctx, l.at(l.client, from))
	if err != nil {
		return err
	}
	a.Keep()
	return nil
}

// reserve waits for the attempt's turn, and reserves it. The first claim is the one whose
// attempts wait for each other.
func (l *Limiter) reserve(ctx context.Context, claims []claim) (*Attempt, error) {
	claims = limiting(claims)
	if len(claims) == 0 {
		return &Attempt{}, nil
	}
	// A flood is refused here, without a wait.
	if n, wait, full := l.memory.full(claims, l.Now()); full {
		return nil, l.refuse(claims[n], wait)
	}
	leave, ok := l.lines.enter(ctx, claims[0].key, claims[0].strict())
	if err := ctx.Err(); err != nil {
		if ok {
			leave()
		}
		return nil, fmt.Errorf("wait for the turn of an attempt: %w", err)
	}
	if !ok {
		return nil, l.refuse(claims[0], time.Second)
	}
	a := &Attempt{limiter: l, claims: claims, id: rand.Text()[:idLength], leave: leave}
	if n, wait, ok := l.count(ctx, a); !ok {
		leave()
		return nil, l.refuse(claims[n], wait)
	}
	return a, nil
}

// idLength is the length of an attempt's id: 5 bits a character.
const idLength = 12

// limiting leaves out limits that are off.
func limiting(claims []claim) (on []claim) {
	for _, c := range claims {
		if c.Attempts > 0 {
			on = append(on, c)
		}
	}
	return on
}

// count counts an attempt in memory and in Redis. If there is no place, it says in which
// claim, and for how long.
func (l *Limiter) count(ctx context.Context, a *Attempt) (full int, wait time.Duration, ok bool) {
	now := l.Now()
	if n, wait, ok := l.memory.reserve(a.claims, a.id, now); !ok {
		return n, wait, false
	}
	if l.silent(now) {
		return l.alone(a, now)
	}
	counts, err := l.shared.reserve(ctx, a.claims, a.id, now)
	if err != nil {
		l.failed(ctx, err, now)
		return l.alone(a, now)
	}
	l.answered(ctx)
	a.shared = true
	for n, count := range counts {
		if count > a.claims[n].Attempts {
			a.undo(ctx)
			wait := l.placeIn(ctx, a.claims[n], now)
			l.memory.refuse(a.claims[n], wait, now)
			return n, wait, false
		}
	}
	return 0, 0, true
}

// alone decides without Redis.
func (l *Limiter) alone(a *Attempt, now time.Time) (full int, wait time.Duration, ok bool) {
	l.failures.Inc()
	full, wait, ok = l.memory.admits(a.claims, a.id, now)
	if !ok {
		l.memory.remove(a.claims, a.id)
	}
	return full, wait, ok
}

// placeIn is how long until a full limit has a place.
func (l *Limiter) placeIn(ctx context.Context, c claim, now time.Time) time.Duration {
	oldest, err := l.shared.oldest(ctx, c, now)
	if err != nil {
		return c.Period
	}
	return oldest.Add(c.Period).Sub(now)
}

func (l *Limiter) silent(now time.Time) bool { return now.UnixNano() < l.silentUntil.Load() }

// failed notes that Redis did not answer, and logs it if it did before.
func (l *Limiter) failed(ctx context.Context, err error, now time.Time) {
	if l.silentUntil.Swap(now.Add(cooldown).UnixNano()) == 0 {
		l.Log.WarnContext(ctx, "Redis does not count attempts: until it does, each replica allows a tenth of each limit, from its own memory", "error", err)
	}
}

// answered notes that Redis answered.
func (l *Limiter) answered(ctx context.Context) {
	if l.silentUntil.Load() != 0 && l.silentUntil.Swap(0) != 0 {
		l.Log.InfoContext(ctx, "Redis counts attempts again")
	}
}

// refuse counts and makes a refusal.
func (l *Limiter) refuse(c claim, wait time.Duration) error {
	l.limited.WithLabelValues(c.name).Inc()
	f := fault.New(fault.TooManyAttempts, "There were too many attempts. Wait as long as Retry-After says, then try again.")
	f.RetryAfter = max(wait, time.Second)
	f.Limit = &fault.Limit{Name: c.name, Quota: c.Attempts, Window: c.Period}
	return f
}
