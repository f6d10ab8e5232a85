package limit_test

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/limit"
)

// accounts are wide limits of sign-ins with the default ones of accounts and devices.
func accounts() limit.Rates {
	rates := signIns(1000, 100_000)
	rates.Account, rates.Device = limit.Rate{Attempts: 10, Period: time.Hour}, limit.Rate{Attempts: 10, Period: time.Hour}
	return rates
}

// guess misses at an account, and gives the name of the limit that refused it.
func (w *world) guess(l *limit.Limiter, s limit.SignIn) string {
	w.t.Helper()
	a, err := l.AttemptSignIn(w.t.Context(), s)
	if err != nil {
		return w.refusal(err).Limit.Name
	}
	a.Keep()
	return ""
}

func from(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)})
}

func TestTenGuessesAnHourAtAnAccountFromWhateverAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	replicas := []*limit.Limiter{w.replica(accounts()), w.replica(accounts())}
	admitted := 0
	for minute := range 60 {
		for n := range 20 {
			if w.guess(replicas[n%2], limit.SignIn{From: from(20*minute + n), Account: "ada@books.test"}) == "" {
				admitted++
			}
		}
		w.pass(time.Minute - time.Second)
	}
	if admitted != 10 {
		t.Errorf("%d guesses in an hour, want 10", admitted)
	}
	if n := w.metric(replicas[0], "auth_limited_total", "sign_in_account"); n == 0 {
		t.Error("the refusals are not counted")
	}
}

// Whether an address has an account is nothing that the limiter knows. Case makes no new
// account.
func TestOneAccountIsOneHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(accounts())
	for n := range 10 {
		if name := w.guess(l, limit.SignIn{From: from(n), Account: []string{"ada@books.test", "ADA@Books.test"}[n%2]}); name != "" {
			t.Fatalf("guess %d is refused by %s", n, name)
		}
	}
	if name := w.guess(l, limit.SignIn{From: from(10), Account: "Ada@books.test"}); name != "sign_in_account" {
		t.Errorf("refused by %q", name)
	}
	if name := w.guess(l, limit.SignIn{From: from(11), Account: "grace@books.test"}); name != "" {
		t.Errorf("another account is refused by %s", name)
	}
}

// A few typing errors cost nothing; then each next try of the same address has to wait
// longer.
func TestDelaysAtAnAccountGrow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(accounts())
	ada := limit.SignIn{From: from(1), Account: "ada@books.test"}
	for n := range 3 {
		if name := w.guess(l, ada); name != "" {
			t.Fatalf("try %d is refused by %s", n, name)
		}
	}
	for _, want := range []time.Duration{time.Hour / 8, time.Hour / 4} {
		_, err := l.AttemptSignIn(t.Context(), ada)
		wait := w.refusal(err).RetryAfter
		if wait > want || wait < want-10*time.Second {
			t.Errorf("wait %v, want %v", wait, want)
		}
		w.pass(wait)
		if name := w.guess(l, ada); name != "" {
			t.Errorf("whoever waited is refused by %s", name)
		}
	}
}

func TestStrangersNeverKeepAKnownDeviceOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rates := accounts()
	rates.SignIn.Attempts, rates.SignInOverall = 5, limit.Rate{Attempts: 40, Period: time.Minute}
	l := w.replica(rates)
	for n := range 500 {
		w.guess(l, limit.SignIn{From: from(n % 50), Account: "ada@books.test"})
	}
	// Even from the address of a guesser.
	device := limit.SignIn{From: from(1), Account: "ada@books.test", Device: uuid.NewString()}
	for n := range 20 {
		a, err := l.AttemptSignIn(t.Context(), device)
		if err != nil {
			t.Fatalf("sign-in %d: %v", n, err)
		}
		a.GiveBack(t.Context())
	}
}

func TestDeviceThatMissesIsLimitedAndNobodyElseIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(accounts())
	mine, other := limit.SignIn{From: from(1), Account: "ada@books.test", Device: uuid.NewString()}, limit.SignIn{From: from(1), Account: "ada@books.test", Device: uuid.NewString()}
	admitted := 0
	for range 60 {
		for range 3 {
			if w.guess(l, mine) == "" {
				admitted++
			}
		}
		w.pass(time.Minute - time.Second)
	}
	if admitted > 10 || admitted < 9 {
		t.Errorf("%d guesses on a known device in an hour, want 10", admitted)
	}
	if name := w.guess(l, mine); name != "sign_in_device" && name != "" {
		t.Errorf("refused by %q", name)
	}
	if name := w.guess(l, other); name != "" {
		t.Errorf("the devices of another account are refused by %s", name)
	}
	if name := w.guess(l, limit.SignIn{From: from(1), Account: "ada@books.test"}); name != "" {
		t.Errorf("a stranger is refused by %s", name)
	}
}

// A new device of the owner, at an address from which nobody guesses, is not refused because
// others guess.
func TestGuessersLeaveHalfOfAnAccountsLimitToOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(accounts())
	guessed := 0
	for range 3 { // the first miss makes a suspect
		for n := range 4 {
			w.guess(l, limit.SignIn{From: from(n), Account: "nobody@books.test"})
		}
	}
	for range 60 {
		for n := range 4 {
			if w.guess(l, limit.SignIn{From: from(n), Account: "ada@books.test"}) == "" {
				guessed++
			}
		}
		w.pass(59 * time.Second)
	}
	if guessed != 5 {
		t.Errorf("suspects guessed %d times, want 5", guessed)
	}
	for n := range 5 {
		a, err := l.AttemptSignIn(t.Context(), limit.SignIn{From: from(100 + n), Account: "ada@books.test"})
		if err != nil {
			t.Fatalf("a new device: %v", err)
		}
		a.GiveBack(t.Context())
	}
}

// While thousands of addresses guess, whoever waits when told to gets in.
func TestWhoeverWaitsComesBeforeThoseWhoDoNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rates := accounts()
	rates.SignInOverall = limit.Rate{Attempts: 10, Period: time.Second}
	l := w.replica(rates)
	flood := func(seconds int) {
		for range seconds {
			for n := range 300 {
				w.guess(l, limit.SignIn{From: from(n), Account: fmt.Sprintf("%d@books.test", n)})
			}
			w.pass(time.Second)
		}
	}
	owner := limit.SignIn{From: from(1000), Account: "ada@books.test"}
	// The first to come may be refused: nobody is a suspect yet.
	for n := range 300 {
		w.guess(l, limit.SignIn{From: from(n), Account: fmt.Sprintf("%d@books.test", n)})
	}
	_, err := l.AttemptSignIn(t.Context(), owner)
	f := w.refusal(err)
	if f.Limit.Name != "sign_in_overall" || f.RetryAfter < 5*time.Second {
		t.Fatalf("refused by %s for %v", f.Limit.Name, f.RetryAfter)
	}
	w.pass(time.Second)
	flood(int(f.RetryAfter/time.Second) - 1)
	for n := range 20 {
		a, err := l.AttemptSignIn(t.Context(), owner)
		if err != nil {
			t.Fatalf("the owner, after a wait: %v", err)
		}
		a.GiveBack(t.Context())
		newcomer := limit.SignIn{From: from(2000 + n), Account: "grace@books.test"}
		if a, err = l.AttemptSignIn(t.Context(), newcomer); err != nil {
			t.Fatalf("a newcomer: %v", err)
		}
		a.GiveBack(t.Context())
		flood(1)
	}
}

func TestParallelGuessesAtAnAccountStayInItsLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	replicas := []*limit.Limiter{w.replica(accounts()), w.replica(accounts())}
	var admitted atomic.Int64
	var all sync.WaitGroup
	for n := range 80 {
		all.Go(func() {
			if a, err := replicas[n%2].AttemptSignIn(t.Context(), limit.SignIn{From: from(n), Account: "ada@books.test"}); err == nil {
				admitted.Add(1)
				a.Keep()
			}
		})
	}
	all.Wait()
	if n := admitted.Load(); n > 10 {
		t.Errorf("%d of 80 were admitted, want 10", n)
	}
}

func TestSignInCanBePostponedWhereAllLimitsAreOff(t *testing.T) {
	t.Parallel()
	a, err := newWorld(t).replica(limit.Rates{}).AttemptSignIn(t.Context(), limit.SignIn{From: from(1), Account: "ada@books.test"})
	if err != nil {
		t.Fatal(err)
	}
	var busy *fault.Error
	if err := a.Postpone(t.Context(), fault.New(fault.Busy, "busy")); !errors.As(err, &busy) || busy.RetryAfter < 5*time.Second {
		t.Errorf("got %v, try again after %v", err, busy.RetryAfter)
	}
}
