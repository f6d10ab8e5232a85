package app

import (
	"crypto/rand"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/worker"
)

// HashCommand is the command of this program that hashes passwords for another process
// of it: a worker of package worker.
const HashCommand = "hash"

// openHashing makes the pool that hashes passwords, with its workers.
func (a *App) openHashing(c config.Config) error {
	self, err := worker.Self()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	a.workers = worker.New(worker.Options{Command: []string{self, HashCommand}, Log: a.log, Now: time.Now})
	a.onClose(a.workers.Close)
	hasher, err := newHasher(c, a.workers)
	if err != nil {
		return err
	}
	a.hashing = newHashing(c, hasher, a.workers)
	return nil
}

func newHasher(c config.Config, workers *worker.Pool) (*password.Hasher, error) {
	hasher, err := password.NewHasher(c.PasswordParams(), c.Peppers(), rand.Reader, workers.Derive)
	if err != nil {
		return nil, fmt.Errorf("PASSWORD_MEMORY_KIB, PASSWORD_TIME, PASSWORD_THREADS: %w", err)
	}
	return hasher, nil
}

// newHashing sizes the pool from processors and memory, and tells the runtime
// to stay below the memory it may have.
func newHashing(c config.Config, hasher *password.Hasher, workers *worker.Pool) *password.Pool {
	limit := password.MemoryLimit(debug.SetMemoryLimit(-1), os.DirFS("/sys/fs/cgroup"))
	slots := c.PasswordSlots.Value
	if slots == 0 {
		slots = password.SlotsFor(runtime.GOMAXPROCS(0), limit, c.PasswordParams())
	}
	if limit < math.MaxInt64 {
		debug.SetMemoryLimit(password.RuntimeMemory(slots, limit, c.PasswordParams()))
	}
	release := func() {
		workers.Release()
		debug.FreeOSMemory()
	}
	return password.NewPool(hasher, password.PoolOptions{Slots: slots, Queue: c.PasswordQueue.Value, Release: release})
}
