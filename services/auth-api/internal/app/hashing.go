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
	"auth.books.test/services/auth-api/internal/password/worker"
)

// HashCommand is the command that makes this program a worker process, which hashes
// passwords for auth-api (package worker).
const HashCommand = "hash"

// openHashing makes the pool that hashes passwords, and its worker processes.
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

// newHashing makes the pool. The pool returns memory to the system once nobody signs in.
func newHashing(c config.Config, hasher *password.Hasher, workers *worker.Pool) *password.Pool {
	release := func() {
		workers.Release()
		debug.FreeOSMemory()
	}
	return password.NewPool(hasher, password.PoolOptions{Slots: slots(c), Queue: c.PasswordQueue.Value, Release: release})
}

// slots is how many passwords may be hashed at once: the setting, or what processors and
// memory allow.
func slots(c config.Config) int {
	if c.PasswordSlots.Value > 0 {
		return c.PasswordSlots.Value
	}
	return password.SlotsFor(runtime.GOMAXPROCS(0), memoryLimit(), c.PasswordParams())
}

// limitMemory limits the memory of this process's Go runtime to what hashing leaves of the
// container's memory.
func (a *App) limitMemory(c config.Config) {
	if limit := memoryLimit(); limit < math.MaxInt64 {
		debug.SetMemoryLimit(password.RuntimeMemory(a.hashing.Stats().Slots, limit, c.PasswordParams()))
	}
}

// memoryLimit is the container's, in bytes, or GOMEMLIMIT where that is lower.
func memoryLimit() int64 {
	return password.MemoryLimit(debug.SetMemoryLimit(-1), os.DirFS("/sys/fs/cgroup"))
}
