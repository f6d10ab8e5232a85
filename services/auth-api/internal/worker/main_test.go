package worker_test

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"auth.books.test/services/auth-api/internal/worker"
)

// TestMain makes this program what a crew has started it as.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 {
		if play, found := roles()[os.Args[1]]; found {
			if err := play(worker.Rank(os.Args[2])); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

// roles are workers, the good one and the others.
func roles() map[string]func(worker.Rank) error {
	return map[string]func(worker.Rank) error{
		"hash": func(rank worker.Rank) error { return worker.Serve(rank, os.Stdin, os.Stdout) },
		// It tells how much of an environment it was given.
		"spy": func(rank worker.Rank) error {
			if given := os.Environ(); len(given) > 0 {
				_, _ = fmt.Printf("{\"Refusal\":%q}\n", given)
			}
			return worker.Serve(rank, os.Stdin, os.Stdout)
		},
		// Says nothing, as if it had no processor.
		"dumb": func(rank worker.Rank) error {
			if rank == worker.GivesWay {
				_, err := io.Copy(io.Discard, os.Stdin)
				return err
			}
			return worker.Serve(rank, os.Stdin, os.Stdout)
		},
		"refuses": func(worker.Rank) error { _, err := fmt.Println(`{"Refusal":"not today"}`); return err },
		"leaves": func(worker.Rank) error {
			_, _ = fmt.Println(`{}`)
			return syscall.Kill(os.Getpid(), syscall.SIGKILL) // at once: the race detector takes its time to exit
		},
		"lies": func(worker.Rank) error {
			_, _ = fmt.Println("{}\n\"c2hvcnQ=\"")
			_, err := io.Copy(io.Discard, os.Stdin)
			return err
		},
	}
}
