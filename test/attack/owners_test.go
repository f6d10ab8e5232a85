package attack_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// waits is how long owners took to sign in, and who could not.
type waits struct {
	mu       sync.Mutex // guards the fields below
	took     []time.Duration
	refused  int
	oddities map[string]int
}

func (w *waits) signedIn(took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took = append(w.took, took)
}

func (w *waits) wasRefused(why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.oddities == nil {
		w.oddities = map[string]int{}
	}
	w.refused++
	w.oddities[why]++
}

func (w *waits) longer(than time.Duration) (n int) {
	for _, took := range w.took {
		if took > than {
			n++
		}
	}
	return n
}

// ownersOnKnownDevices sign in again and again, half of them at the address of a guesser.
// Each refusal counts: they do not try again.
func (w *world) ownersOnKnownDevices(ctx context.Context, s size, tokens []string) *waits {
	every := max(time.Second, time.Duration(s.known)*time.Second/5)
	found := &waits{}
	var all sync.WaitGroup
	for n, token := range tokens {
		all.Go(func() {
			from := home(n)
			if n%2 == 0 {
				from = attacker(n % s.addresses)
			}
			for due := time.Now().Add(rand.N(every)); sleepUntil(ctx, due); due = due.Add(every) {
				began := time.Now()
				got, err := w.signIn(ctx, signIn{from: from, email: owner(n), password: password, device: token})
				switch {
				case ctx.Err() != nil:
				case err != nil:
					found.wasRefused(err.Error())
				case got.status != http.StatusCreated:
					found.wasRefused(strconv.Itoa(got.status))
				default:
					found.signedIn(time.Since(began))
				}
			}
		})
	}
	all.Wait()
	return found
}

// ownersOnNewDevices come at random times, each once, and wait as long as they are told to.
// Those who come so late that they could not wait for long before the end do not count.
func (w *world) ownersOnNewDevices(ctx context.Context, s size) *waits {
	found := &waits{}
	var all sync.WaitGroup
	began := time.Now()
	for n := range s.strangers {
		all.Go(func() {
			if !sleepUntil(ctx, began.Add(rand.N(s.lasts*19/20))) {
				return
			}
			came := time.Now()
			for {
				got, err := w.signIn(ctx, signIn{from: elsewhere(n), email: owner(s.known + n%(s.accounts-s.known)), password: password})
				switch {
				case ctx.Err() != nil:
					if time.Since(came) > longWait {
						found.wasRefused("it took too long")
					}
					return
				case err != nil:
					found.wasRefused(err.Error())
					return
				case got.status == http.StatusCreated:
					found.signedIn(time.Since(came))
					return
				case got.status != http.StatusTooManyRequests && got.status != http.StatusServiceUnavailable:
					found.wasRefused(strconv.Itoa(got.status))
					return
				}
				sleepUntil(ctx, time.Now().Add(max(got.wait, time.Second)))
			}
		})
	}
	all.Wait()
	return found
}
