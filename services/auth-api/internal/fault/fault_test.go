package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
)

var errDown = errors.New("connection refused")

func TestACodeIsFoundThroughWhatWrapsIt(t *testing.T) {
	t.Parallel()
	known := fault.New(fault.RoleNotFound, "There is no such role.")
	for name, c := range map[string]struct {
		err  error
		code fault.Code
	}{
		"itself":                        {known, fault.RoleNotFound},
		"wrapped":                       {fmt.Errorf("assign: %w", known), fault.RoleNotFound},
		"wrapped twice":                 {fmt.Errorf("b: %w", fmt.Errorf("a: %w", known)), fault.RoleNotFound},
		"joined":                        {errors.Join(errDown, known), fault.RoleNotFound},
		"joined, the first counts":      {errors.Join(fault.Unavailable(errDown), known), fault.StoreUnavailable},
		"with a cause of another code":  {fault.Wrap(fault.Busy, "Try again.", known), fault.Busy},
		"another error":                 {errDown, fault.Internal},
		"another error, only described": {fmt.Errorf("assign: %v", known), fault.Internal},
		"none":                          {nil, fault.Internal},
	} {
		if got := fault.CodeOf(c.err); got != c.code {
			t.Errorf("%s: got %s, want %s", name, got, c.code)
		}
	}
}

// A caller sees the detail. The cause is for the log.
func TestACauseIsForTheLogOnly(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]*fault.Error{
		"Unavailable": fault.Unavailable(errDown),
		"Wrap":        fault.Wrap(fault.StoreUnavailable, "Try again.", errDown),
	} {
		if err.Code != fault.StoreUnavailable || !errors.Is(err, errDown) || errors.Unwrap(err) != errDown {
			t.Errorf("%s: %+v does not wrap its cause", name, err)
		}
		if got := err.Error(); got != "store_unavailable: connection refused" {
			t.Errorf("%s: the log says %q", name, got)
		}
		if err.Detail == "" || err.Detail == errDown.Error() {
			t.Errorf("%s: the caller is told %q", name, err.Detail)
		}
	}
	if err := fault.New(fault.Busy, "Try again."); errors.Unwrap(err) != nil || err.Error() != "busy: Try again." {
		t.Errorf("without a cause: %q, wrapping %v", err, errors.Unwrap(err))
	}
}

func TestAnInvalidFieldIsNamed(t *testing.T) {
	t.Parallel()
	err := fault.Invalid("body.name", "not_a_name", "Use letters.")
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.ValidationFailed || f.Detail == "" || len(f.Fields) != 1 {
		t.Fatalf("got %+v", err)
	}
	if want := (fault.Field{Location: "body.name", Reason: "not_a_name", Detail: "Use letters."}); f.Fields[0] != want {
		t.Errorf("got %+v, want %+v", f.Fields[0], want)
	}
	if got := err.Error(); got != "validation_failed: body.name: Use letters." {
		t.Errorf("the log says %q", got)
	}
}

func TestRetryAfterSurvivesWrapping(t *testing.T) {
	t.Parallel()
	if after := fault.New(fault.Busy, "Try again.").RetryAfter; after != 0 {
		t.Errorf("without a time: %v", after)
	}
	busy := fault.Wrap(fault.Busy, "Try again.", errDown)
	busy.RetryAfter = 3 * time.Second
	var f *fault.Error
	if !errors.As(fmt.Errorf("register: %w", busy), &f) || f.RetryAfter != 3*time.Second {
		t.Errorf("got %+v", f)
	}
}

func TestNoCodeIsListedTwice(t *testing.T) {
	t.Parallel()
	seen := map[fault.Code]bool{}
	for _, code := range fault.Codes() {
		if seen[code] || code == "" {
			t.Errorf("%q is listed twice, or is empty", code)
		}
		seen[code] = true
	}
}
