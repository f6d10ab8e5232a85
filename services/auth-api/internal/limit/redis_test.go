package limit_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/limit"
)

func TestLimitsAreSharedOnACluster(t *testing.T) {
	t.Parallel()
	cluster := devtest.RedisCluster(t, 3, 0)
	// The rights are those that docs/storage.md lists, as far as limits use them.
	const rights = "~limit:* +zadd +zrem +zcard +zrange +zremrangebyscore +pexpire +cluster|slots +command +asking"
	for _, node := range cluster.Nodes {
		args := []any{"ACL", "SETUSER", "auth-api", "on", ">hush", "resetchannels", "-@all"}
		for _, right := range strings.Fields(rights) {
			args = append(args, right)
		}
		if err := node.Client(t).Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	w := worldOn(t, strings.Replace(cluster.URL, "//", "//auth-api:hush@", 1))
	one, two := w.replica(signIns(6, 1000)), w.replica(signIns(6, 1000))
	for n := range 20 {
		from := fmt.Sprintf("2001:db8:%x::1", n)
		if n := w.misses(one, from, 4) + w.misses(two, from, 4); n != 6 {
			t.Errorf("%s: %d, want 6", from, n)
		}
	}
	if log := w.log.String(); log != "" {
		t.Error(log)
	}
}

// The limits over all bound how many keys there are, and these take 16 MB.
func TestWhateverIsTypedTakesLittleOfRedis(t *testing.T) {
	t.Parallel()
	const most, workers = 16_000_000, 16
	w := worldOn(t, "redis://"+devtest.RedisWith(t, "").Addr+"/0")
	rates := signIns(30, config.MaxLimitKeys/2)
	rates.SignIn.Period, rates.SignInOverall.Period = time.Hour, time.Hour
	l := w.replica(rates)
	typed := func(from, n int) {
		var all sync.WaitGroup
		for worker := range workers {
			all.Go(func() {
				for i := from + worker; i < from+n; i += workers {
					if a, err := l.AttemptSignIn(t.Context(), limit.SignIn{From: netip.AddrFrom16([16]byte{0x20, 1, byte(i >> 16), byte(i >> 8), byte(i), 1})}); err == nil {
						a.Keep()
					}
				}
			})
		}
		all.Wait()
	}
	typed(0, 100) // connections and buffers
	before := w.used()
	typed(100, config.MaxLimitKeys/2)
	full := w.used()
	t.Logf("%d keys take %d bytes, %d each", w.keys(), full-before, (full-before)/w.keys())
	if n := w.keys(); n < config.MaxLimitKeys*9/10 || full-before > most {
		t.Errorf("%d keys take %d bytes, want at most %d", n, full-before, most)
	}
	typed(50_000, 5_000)
	if n := w.keys(); n > config.MaxLimitKeys+2*workers {
		t.Errorf("%d keys, want at most %d", n, config.MaxLimitKeys)
	}
}

// Accounts that nobody has count like others, so what is typed must not make keys without
// end.
func TestWhateverAccountsAreTypedTheyShareTheirKeys(t *testing.T) {
	t.Parallel()
	const most, workers, typed = 10_000_000, 16, 60_000
	w := worldOn(t, "redis://"+devtest.RedisWith(t, "").Addr+"/0")
	l := w.replica(limit.Rates{Account: limit.Rate{Attempts: 10, Period: time.Hour}})
	before := w.used()
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for n := worker; n < typed; n += workers {
				if a, err := l.AttemptSignIn(t.Context(), limit.SignIn{Account: fmt.Sprintf("%d@books.test", n)}); err == nil {
					a.Keep()
				}
			}
		})
	}
	all.Wait()
	full := w.used()
	t.Logf("%d keys take %d bytes", w.keys(), full-before)
	if n := w.keys(); n > 24_000 || n < 20_000 || full-before > most {
		t.Errorf("%d keys take %d bytes, want at most 24000 and %d", n, full-before, most)
	}
}

// used is the memory that Redis uses, in bytes.
func (w *world) used() (n int) {
	w.t.Helper()
	info, err := w.redis.Info(w.t.Context(), "memory").Result()
	if err != nil {
		w.t.Fatal(err)
	}
	_, after, _ := strings.Cut(info, "\nused_memory:")
	if n, err = strconv.Atoi(strings.TrimSpace(after[:strings.IndexByte(after, '\r')])); err != nil {
		w.t.Fatal(err)
	}
	return n
}
