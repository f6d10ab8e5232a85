package password_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/password"
)

func TestPreferredCallersDoNotWaitBehindAQueueOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := password.NewPool(&slow{takes: time.Second}, password.PoolOptions{Slots: 1, Queue: 20, Wait: time.Minute})
		var all sync.WaitGroup
		for range 21 {
			all.Go(func() {
				if err := pool.VerifyDummy(t.Context(), ""); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if err := pool.CheckCapacity(); fault.CodeOf(err) != fault.Busy {
			t.Errorf("a full queue: %v", err)
		}
		began := time.Now()
		if err := pool.Preferred().CheckCapacity(); err != nil {
			t.Errorf("the preferred queue: %v", err)
		}
		if err := pool.Preferred().VerifyDummy(t.Context(), ""); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("a preferred caller waited for %v, want one hash and its own", took)
		}
		all.Wait()
	})
}

// However many preferred callers there are, the others get on.
func TestPreferredCallersDoNotStarveOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := password.NewPool(&slow{takes: time.Second}, password.PoolOptions{Slots: 1, Queue: 20, Wait: time.Minute})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := pool.Preferred().VerifyDummy(t.Context(), ""); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		if err := pool.VerifyDummy(t.Context(), ""); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 22*time.Second {
			t.Errorf("it waited for %v", took)
		}
		all.Wait()
	})
}
