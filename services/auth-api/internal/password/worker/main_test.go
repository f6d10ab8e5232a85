package worker_test

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"auth.books.test/services/auth-api/internal/password/worker"
)

// TestMain makes this program a worker if a pool has started it as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 {
		if run, found := roles()[os.Args[1]]; found {
			if err := run(worker.Priority(os.Args[2])); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

// roles are the real worker and some that misbehave.
func roles() map[string]func(worker.Priority) error {
	return map[string]func(worker.Priority) error{
		"hash": func(priority worker.Priority) error { return worker.Serve(priority, os.Stdin, os.Stdout) },
		// Refuses if it was given an environment.
		"checks environment": func(priority worker.Priority) error {
			if given := os.Environ(); len(given) > 0 {
				_, _ = fmt.Printf("{\"Refusal\":%q}\n", given)
			}
			return worker.Serve(priority, os.Stdin, os.Stdout)
		},
		// Never answers with idle priority, as if it got no processor.
		"silent": func(priority worker.Priority) error {
			if priority == worker.Idle {
				_, err := io.Copy(io.Discard, os.Stdin)
				return err
			}
			return worker.Serve(priority, os.Stdin, os.Stdout)
		},
		"refuses": func(worker.Priority) error { _, err := fmt.Println(`{"Refusal":"not today"}`); return err },
		"crashes": func(worker.Priority) error {
			_, _ = fmt.Println(`{}`)
			return syscall.Kill(os.Getpid(), syscall.SIGKILL) // at once, because the race detector delays an ordinary exit
		},
		"lies": func(worker.Priority) error {
			_, _ = fmt.Println("{}\n\"c2hvcnQ=\"")
			_, err := io.Copy(io.Discard, os.Stdin)
			return err
		},
	}
}
