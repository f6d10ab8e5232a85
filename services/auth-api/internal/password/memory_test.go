package password_test

import (
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/password"
)

// The memory of a burst is returned to the system soon after it. The test is not
// parallel because it measures the whole process.
func TestIdleMemoryIsSmallAfterABurst(t *testing.T) {
	const limit = 30 << 20
	pool := password.NewPool(newHasher(t, password.DefaultParams(), ""), password.PoolOptions{
		Slots: 2, Queue: 64, Wait: time.Minute, Release: debug.FreeOSMemory, IdleAfter: 100 * time.Millisecond,
	})
	var burst sync.WaitGroup
	for range 32 {
		burst.Go(func() {
			if err := pool.VerifyDummy(t.Context(), secret); err != nil {
				t.Error(err)
			}
		})
	}
	burst.Wait()
	after := held()
	if after < 19<<20 {
		t.Fatalf("%d bytes right after the burst: less than a single hash takes, so the test measures nothing", after)
	}
	for deadline := time.Now().Add(10 * time.Second); held() > limit; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d MiB after the burst, %d MiB 10 s later, want under %d", after>>20, held()>>20, limit>>20)
		}
	}
	t.Logf("%d MiB after the burst, %d MiB when idle", after>>20, held()>>20)
}

// held is how much memory of the system the Go runtime holds, in bytes.
func held() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}
