package cluster

import (
	"context"
	"errors"
	"os/exec"
)

// Runner runs kubectl and returns what it prints.
type Runner func(ctx context.Context, args ...string) ([]byte, error)

// Kubectl runs the kubectl on PATH. Error: *KubectlError, if it ran and failed.
func Kubectl(ctx context.Context, args ...string) ([]byte, error) {
	// First, since everything after the "--" of an exec goes to the command in the pod.
	out, err := exec.CommandContext(ctx, "kubectl", append([]string{"--request-timeout=10s"}, args...)...).Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return out, &KubectlError{err, string(failed.Stderr)}
	}
	return out, err
}

// KubectlError is a kubectl that failed, with what it printed.
type KubectlError struct {
	Err    error
	Stderr string
}

func (e *KubectlError) Error() string { return e.Err.Error() + ": " + Shorten(e.Stderr) }
func (e *KubectlError) Unwrap() error { return e.Err }
