package password_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/password"
)

// slow is a hasher that sleeps for each hash and counts them. In a synctest bubble the
// sleep takes no real time.
type slow struct {
	takes         time.Duration
	running, most atomic.Int64
	hashed        atomic.Int64
	mu            sync.Mutex // guards order
	order         []string
}

func (s *slow) work(password string) {
	s.hashed.Add(1)
	now := s.running.Add(1)
	defer s.running.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	s.mu.Lock()
	s.order = append(s.order, password)
	s.mu.Unlock()
	time.Sleep(s.takes)
}

func (s *slow) Hash(password string) (string, error) {
	s.work(password)
	return "hash of " + password, nil
}

func (s *slow) Verify(password, phc string) (bool, bool, error) {
	s.work(password)
	return phc == "hash of "+password, true, nil
}

func (s *slow) VerifyDummy(password string) error {
	s.work(password)
	return nil
}

func TestPoolPassesResultsOn(t *testing.T) {
	t.Parallel()
	pool := password.NewPool(&slow{}, password.PoolOptions{})
	if phc, err := pool.Hash(t.Context(), "a"); phc != "hash of a" || err != nil {
		t.Errorf("Hash: %q, %v", phc, err)
	}
	if ok, rehash, err := pool.Verify(t.Context(), "a", "hash of a"); !ok || !rehash || err != nil {
		t.Errorf("Verify: %v, %v, %v", ok, rehash, err)
	}
	if err := pool.VerifyDummy(t.Context(), "a"); err != nil {
		t.Errorf("VerifyDummy: %v", err)
	}
	hashing := password.NewPool(newHasher(t, password.DefaultParams(), ""), password.PoolOptions{})
	if _, _, err := hashing.Verify(t.Context(), "a", "nonsense"); !errors.Is(err, password.ErrMalformedHash) {
		t.Errorf("Verify of nonsense: %v, want ErrMalformedHash", err)
	}
}

func TestNeverHashesMoreThanSlotsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hasher := &slow{takes: 30 * time.Millisecond}
		pool := password.NewPool(hasher, password.PoolOptions{Slots: 3, Queue: 60, Wait: time.Minute})
		var all sync.WaitGroup
		for i := range 63 {
			all.Go(func() {
				var err error
				switch i % 3 {
				case 0:
					_, err = pool.Hash(t.Context(), "a")
				case 1:
					_, _, err = pool.Verify(t.Context(), "a", "b")
				case 2:
					err = pool.VerifyDummy(t.Context(), "a")
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if got, want := pool.Stats(), (password.Stats{Slots: 3, Busy: 3, Queued: 60}); got != want {
			t.Errorf("during: %+v, want %+v", got, want)
		}
		all.Wait()
		if got, want := pool.Stats(), (password.Stats{Slots: 3}); got != want {
			t.Errorf("after: %+v, want %+v", got, want)
		}
		if most, hashed := hasher.most.Load(), hasher.hashed.Load(); most != 3 || hashed != 63 {
			t.Errorf("%d at once of %d, want 3 of 63", most, hashed)
		}
	})
}

func TestFullQueueIsBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hasher := &slow{takes: 30 * time.Millisecond}
		pool := password.NewPool(hasher, password.PoolOptions{Slots: 1, Queue: 2, Wait: 3 * time.Second})
		var served sync.WaitGroup
		for range 3 {
			served.Go(func() {
				if _, err := pool.Hash(t.Context(), "a"); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		_, err := pool.Hash(t.Context(), "one too many")
		wantBusy(t, err, 3*time.Second)
		if took := time.Since(began); took != 0 {
			t.Errorf("refused after %v, want at once", took)
		}
		if got, want := pool.Stats(), (password.Stats{Slots: 1, Busy: 1, Queued: 2, Refused: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		served.Wait()
		if _, err := pool.Hash(t.Context(), "later"); err != nil {
			t.Errorf("once the queue has capacity: %v", err)
		}
	})
}

func TestWaitsNoLongerThanWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hasher := &slow{takes: time.Minute}
		pool := password.NewPool(hasher, password.PoolOptions{Slots: 1, Queue: 5})
		go func() { _, _ = pool.Hash(t.Context(), "a") }()
		synctest.Wait()
		began := time.Now()
		_, _, err := pool.Verify(t.Context(), "b", "")
		wantBusy(t, err, 2*time.Second)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("waited %v, want 2s", took)
		}
		if got, want := pool.Stats(), (password.Stats{Slots: 1, Busy: 1, Refused: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		time.Sleep(time.Minute)
		if n := hasher.hashed.Load(); n != 1 {
			t.Errorf("%d hashes, want 1", n)
		}
	})
}

func TestDropsCallersWhoHaveGone(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"cancelled": context.WithCancel,
		"too late": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hasher := &slow{takes: 30 * time.Millisecond}
				pool := password.NewPool(hasher, password.PoolOptions{Slots: 1, Queue: 5})
				var all sync.WaitGroup
				all.Go(func() { _, _ = pool.Hash(t.Context(), "first") })
				synctest.Wait()

				ctx, cancel := leave(t.Context())
				defer cancel()
				for range 2 {
					all.Go(func() {
						err := pool.VerifyDummy(ctx, "gone")
						if err == nil || !errors.Is(err, ctx.Err()) {
							t.Errorf("got %v, want the error of the context", err)
						}
					})
				}
				synctest.Wait()
				all.Go(func() {
					if _, err := pool.Hash(t.Context(), "last"); err != nil {
						t.Error(err)
					}
				})
				synctest.Wait()
				time.Sleep(10 * time.Millisecond)
				cancel()
				synctest.Wait()
				if got, want := pool.Stats(), (password.Stats{Slots: 1, Busy: 1, Queued: 1, Dropped: 2}); got != want {
					t.Errorf("%+v, want %+v", got, want)
				}
				all.Wait()
				if n := hasher.hashed.Load(); n != 2 {
					t.Errorf("%d hashes, want 2", n)
				}
			})
		})
	}
}

func TestGoneCallerTakesNoFreeSlot(t *testing.T) {
	t.Parallel()
	hasher := &slow{}
	pool := password.NewPool(hasher, password.PoolOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pool.Hash(ctx, "gone"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if got, want := pool.Stats(), (password.Stats{Slots: 1, Dropped: 1}); got != want || hasher.hashed.Load() != 0 {
		t.Errorf("%+v and %d hashes, want %+v and none", got, hasher.hashed.Load(), want)
	}
	if _, err := pool.Hash(t.Context(), "here"); err != nil {
		t.Errorf("the slot is not free: %v", err)
	}
}

func TestServesInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hasher := &slow{takes: time.Millisecond}
		pool := password.NewPool(hasher, password.PoolOptions{Slots: 1, Queue: 8})
		var all sync.WaitGroup
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			all.Go(func() { _, _ = pool.Hash(t.Context(), name) })
			synctest.Wait()
		}
		all.Wait()
		for i, name := range []string{"a", "b", "c", "d", "e"} {
			if hasher.order[i] != name {
				t.Fatalf("served in the order %v", hasher.order)
			}
		}
	})
}

// panics is a hasher that panics.
type panics struct{ slow }

func (*panics) Hash(string) (string, error) { panic("hashing failed") }

func TestPanicFreesItsSlot(t *testing.T) {
	t.Parallel()
	pool := password.NewPool(&panics{}, password.PoolOptions{})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = pool.Hash(t.Context(), "a")
	}()
	if err := pool.VerifyDummy(t.Context(), "b"); err != nil {
		t.Error(err)
	}
	if got, want := pool.Stats(), (password.Stats{Slots: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestReleasesMemoryOncePerIdleSpell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var released atomic.Int64
		pool := password.NewPool(&slow{takes: 30 * time.Millisecond}, password.PoolOptions{
			Slots: 2, IdleAfter: time.Second, Release: func() { released.Add(1) },
		})
		sign := func() { _, _ = pool.Hash(t.Context(), "a") }
		for range 5 {
			go sign()
			sign()
			time.Sleep(900 * time.Millisecond)
		}
		if n := released.Load(); n != 0 {
			t.Fatalf("released %d times between hashes", n)
		}
		time.Sleep(time.Hour)
		if n := released.Load(); n != 1 {
			t.Fatalf("released %d times when idle, want once", n)
		}
		sign()
		time.Sleep(time.Hour)
		if n := released.Load(); n != 2 {
			t.Fatalf("released %d times after two idle spells", n)
		}
	})
}

func wantBusy(t *testing.T, err error, retryAfter time.Duration) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.Busy || f.RetryAfter != retryAfter {
		t.Errorf("got %v, want busy with a retry after %v", err, retryAfter)
	}
}
