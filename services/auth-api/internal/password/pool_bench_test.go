package password_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"auth.books.test/services/auth-api/internal/password"
)

// BenchmarkPoolSignIn compares sign-ins through a pool with bare argon2id in as many
// goroutines as there are slots: "pool/bare" is the pool's rate divided by the bare one.
func BenchmarkPoolSignIn(b *testing.B) {
	params := password.DefaultParams()
	hasher := newHasher(b, params, "")
	phc := hash(b, hasher)
	for _, slots := range []int{1, 2} {
		for _, callers := range []int{4, 16} {
			b.Run(fmt.Sprintf("slots=%d/callers=%d", slots, callers), func(b *testing.B) {
				pool := password.NewPool(hasher, password.PoolOptions{Slots: slots, Queue: callers, Wait: time.Minute})
				ctx := b.Context()
				// Both are measured alternately, because other load on the machine varies.
				var bare, pooled time.Duration
				for range b.N {
					bare += spread(16, slots, func() {
						argon2.IDKey([]byte(secret), []byte("somesaltsomesalt"), params.Time, params.MemoryKiB, params.Threads, 32)
					})
					pooled += spread(16, callers, func() {
						if ok, _, err := pool.Verify(ctx, secret, phc); !ok || err != nil {
							b.Errorf("%v, %v", ok, err)
						}
					})
				}
				b.ReportMetric(float64(bare)/float64(pooled), "pool/bare")
				b.ReportMetric(16*float64(b.N)/pooled.Seconds(), "signins/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// spread runs work n times in so many goroutines and returns how long that took.
func spread(n int64, goroutines int, work func()) time.Duration {
	var left atomic.Int64
	left.Store(n)
	done := make(chan struct{})
	began := time.Now()
	for range goroutines {
		go func() {
			for left.Add(-1) >= 0 {
				work()
			}
			done <- struct{}{}
		}()
	}
	for range goroutines {
		<-done
	}
	return time.Since(began)
}
