package attack_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const (
	password = "violet teapot marches north"
	wrong    = "seven quiet lanterns drift"
	// mostGuesses is how many guesses an hour an account may take.
	mostGuesses = 10
	// longWait is how long an owner on a new device may wait.
	longWait = 30 * time.Second
	// aSecond attacks send this many guesses a second: a million in ten minutes.
	fullRate, fullAccounts, fullAddresses = 1667, 10_000, 5_000
)

// size is that of an attack.
type size struct {
	lasts               time.Duration
	rate                int // guesses a second
	accounts, addresses int
	known, strangers    int // owners who sign in meanwhile: on known devices, on new ones
}

// sizeOf is the small attack, or that of ATTACK_SECONDS.
func sizeOf(t *testing.T) size {
	t.Helper()
	seconds, set := os.LookupEnv("ATTACK_SECONDS")
	if !set {
		return size{lasts: 10 * time.Second, rate: 150, accounts: 300, addresses: 150, known: 3, strangers: 20}
	}
	n, err := strconv.Atoi(seconds)
	if err != nil || n < 10 {
		t.Fatalf("ATTACK_SECONDS=%q: write a number of seconds, at least 10", seconds)
	}
	return size{lasts: time.Duration(n) * time.Second, rate: fullRate, accounts: fullAccounts, addresses: fullAddresses, known: 100, strangers: 2 * n}
}

func TestStolenPasswordsByTheMillionKeepNoOwnerOut(t *testing.T) {
	s := sizeOf(t)
	w := newWorld(t, s)
	tokens := w.devices(s)

	quiet := w.watch(t.Context(), s.lasts/10)
	loaded := w.watchLoaded(t.Context(), s)
	ctx, end := context.WithTimeout(t.Context(), s.lasts)
	defer end()
	var all sync.WaitGroup
	var guessed guesses
	var known, strangers *waits
	var busy latencies
	all.Go(func() { busy = w.watch(ctx, s.lasts) })
	all.Go(func() { guessed = w.guess(ctx, s) })
	all.Go(func() { known = w.ownersOnKnownDevices(ctx, s, tokens) })
	all.Go(func() { strangers = w.ownersOnNewDevices(ctx, s) })
	all.Wait()

	report(t, s, guessed, known, strangers, quiet, loaded, busy)
	if guessed.sent < s.rate*int(s.lasts/time.Second)/4 {
		t.Errorf("only %d guesses were sent: the machine is too busy for this test to say anything", guessed.sent)
	}
	if guessed.other > 0 {
		t.Errorf("%d guesses were neither checked nor refused: %v", guessed.other, guessed.oddities)
	}
	if quiet.failed+loaded.failed+busy.failed > 0 {
		t.Errorf("%d verifications failed", quiet.failed+loaded.failed+busy.failed)
	}
	if guessed.most > mostGuesses {
		t.Errorf("%d guesses at one account were checked, want at most %d", guessed.most, mostGuesses)
	}
	if known.refused > 0 || len(known.took) == 0 {
		t.Errorf("%d of %d sign-ins on known devices were refused: %v", known.refused, len(known.took)+known.refused, known.oddities)
	}
	if long := strangers.longer(longWait) + strangers.refused; long*1000 > len(strangers.took)+strangers.refused {
		t.Errorf("%d of %d owners on new devices waited for more than %v", long, len(strangers.took)+strangers.refused, longWait)
	}
}

// guesses is what came of an attack.
type guesses struct {
	sent, checked, refused, busy, other int
	most                                int // checked at one account
	oddities                            map[string]int
}

// guess sends guesses, each from the next address at the next account.
func (w *world) guess(ctx context.Context, s size) (g guesses) {
	var mu sync.Mutex // guards g and checked
	checked := map[int]int{}
	g.oddities = map[string]int{}
	atPace(ctx, s.rate, func(n int) {
		// The addresses and the accounts have no common factor to repeat their pairs with.
		account := (n*7919 + n/s.accounts) % s.accounts
		got, err := w.signIn(ctx, signIn{from: attacker(n % s.addresses), email: owner(account), password: wrong})
		if ctx.Err() != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		g.sent++
		switch {
		case err != nil:
			g.other++
			g.oddities[err.Error()]++
		case got.status == http.StatusUnauthorized:
			g.checked++
			checked[account]++
			g.most = max(g.most, checked[account])
		case got.status == http.StatusTooManyRequests:
			g.refused++
		case got.status == http.StatusServiceUnavailable:
			g.busy++
		default:
			g.other++
			g.oddities[strconv.Itoa(got.status)]++
		}
	})
	return g
}

// harmless sends as many requests as guess, of the same size, which are refused before any
// limit is asked. What verification loses to them it loses to the load alone: the senders,
// auth-api and its stores share the processors.
func (w *world) harmless(ctx context.Context, s size) {
	atPace(ctx, s.rate, func(n int) {
		got, err := w.signIn(ctx, signIn{from: attacker(n % s.addresses), email: "owner without an at sign", password: wrong})
		if ctx.Err() == nil && (err != nil || got.status != http.StatusUnprocessableEntity) {
			w.t.Errorf("a harmless request: %d, %v", got.status, err)
		}
	})
}

// atPace calls do with 0, 1, 2 … so many times a second, until ctx ends.
func atPace(ctx context.Context, rate int, do func(n int)) {
	const senders = 64
	var next atomic.Int64
	began := time.Now()
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for {
				n := int(next.Add(1) - 1)
				if !sleepUntil(ctx, began.Add(time.Duration(n)*time.Second/time.Duration(rate))) {
					return
				}
				do(n)
			}
		})
	}
	all.Wait()
}

// sleepUntil is false if the context ends first.
func sleepUntil(ctx context.Context, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func owner(n int) string { return fmt.Sprintf("owner%d@books.test", n) }

// attacker, home and elsewhere are addresses: of guessers, of known devices and of new ones.
func attacker(n int) string  { return fmt.Sprintf("10.%d.%d.1", n>>8, n&255) }
func home(n int) string      { return fmt.Sprintf("172.16.%d.%d", n>>8, n&255) }
func elsewhere(n int) string { return fmt.Sprintf("172.17.%d.%d", n>>8, n&255) }
