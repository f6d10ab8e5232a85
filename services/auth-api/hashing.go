package main

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/worker"
)

const hashCommandName = "hash"

// hashCommand is a worker of package worker; auth-api starts it by itself.
func hashCommand() *cobra.Command {
	return &cobra.Command{Use: hashCommandName + " RANK", Short: "Hash passwords for another auth-api", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return worker.Serve(worker.Rank(args[0]), cmd.InOrStdin(), cmd.OutOrStdout())
		}}
}

func newCrew(log *slog.Logger) (*worker.Crew, error) {
	self, err := worker.Self()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return worker.New(worker.Options{Command: []string{self, hashCommandName}, Log: log, Now: time.Now}), nil
}

func newHasher(c config.Config, workers *worker.Crew) (*password.Hasher, error) {
	peppers, err := password.ParsePeppers(c.Pepper.Reveal())
	if err != nil {
		return nil, fmt.Errorf("PASSWORD_PEPPER: %w", err)
	}
	hasher, err := password.NewHasher(c.PasswordParams(), peppers, rand.Reader, workers.Derive)
	if err != nil {
		return nil, fmt.Errorf("PASSWORD_MEMORY_KIB, PASSWORD_TIME, PASSWORD_THREADS: %w", err)
	}
	return hasher, nil
}

// newHashing sizes the pool from processors and memory, and tells the runtime
// to stay below the memory it may have.
func newHashing(c config.Config, hasher *password.Hasher, workers *worker.Crew) *password.Pool {
	limit := password.MemoryLimit(debug.SetMemoryLimit(-1), os.DirFS("/sys/fs/cgroup"))
	slots := c.PasswordSlots.Value
	if slots == 0 {
		slots = password.SlotsFor(runtime.GOMAXPROCS(0), limit, c.PasswordParams())
	}
	if limit < math.MaxInt64 {
		debug.SetMemoryLimit(password.MemoryBeside(slots, limit, c.PasswordParams()))
	}
	release := func() {
		workers.Rest()
		debug.FreeOSMemory()
	}
	return password.NewPool(hasher, password.PoolOptions{Slots: slots, Queue: c.PasswordQueue.Value, Release: release})
}
