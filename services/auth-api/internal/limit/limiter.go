package limit

import (
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// cooldown is how long Redis is not asked after it did not answer.
const cooldown = time.Second

// Options are the parts of a Limiter.
type Options struct {
	Rates
	Redis redis.Cmdable
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
	session, account, device     policy
	secondStep                   policy

	shared store
	memory *memory
	lines  *lines
	// suspects are the addresses that have only a part of some limits.
	suspects *suspects
	// silentUntil is when Redis is asked again, in nanoseconds; 0 if it answers.
	silentUntil atomic.Int64

	limited  *prometheus.CounterVec
	failures prometheus.Counter
}

// New makes a Limiter.
func New(o Options) *Limiter {
	l := &Limiter{
		Options: o, shared: store{o.Redis, o.Timeout}, memory: newMemory(), lines: newLines(), suspects: newSuspects(),
		signIn:       newDoor("sign_in", o.SignIn, o.SignInOverall),
		registration: newDoor("registration", o.Registration, o.RegistrationOverall),
		client:       newDoor("client", o.Client, o.ClientOverall),
		session:      policy{name: "session", Rate: o.Session},
		account:      policy{name: "sign_in_account", Rate: o.Account},
		device:       policy{name: "sign_in_device", Rate: o.Device, free: o.Device.Attempts / 2},
		secondStep:   policy{name: "second_step", Rate: o.SecondStep},
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
	return append(all, l.session, l.account, l.device, l.secondStep)
}

// Collectors are the metrics.
func (l *Limiter) Collectors() []prometheus.Collector {
	return []prometheus.Collector{l.limited, l.failures}
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

// AttemptSecondStep reserves a code of a second factor, after a right password. Strangers
// share the tries of an account, and count as sign-ins from their address as well; so do its
// known devices, whose tries no stranger can use up. A new challenge brings no new ones.
func (l *Limiter) AttemptSecondStep(ctx context.Context, from netip.Addr, account uuid.UUID, known bool) (*Attempt, error) {
	if known {
		return l.reserve(ctx, []claim{l.claim(l.secondStep, append(account[:], 'd'))})
	}
	return l.reserve(ctx, append([]claim{l.claim(l.secondStep, account[:])}, l.at(l.signIn, from)...))
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
