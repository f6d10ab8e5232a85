package devtest

import (
	"testing"
	"time"
)

const (
	pollWait = 30 * time.Second
	// The pause between two looks grows, so that what is quick is seen at once, and what
	// is slow does not cost a processor.
	firstPause = time.Millisecond
	lastPause  = 20 * time.Millisecond
)

// Eventually polls until the condition holds, and ends the test if it does not within
// half a minute.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	Within(t, pollWait, what, holds)
}

// Within polls until the condition holds, and ends the test if it does not in time.
func Within(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	pause := firstPause
	for end := time.Now().Add(limit); !holds(); pause = min(pause+firstPause, lastPause) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(pause)
	}
}
