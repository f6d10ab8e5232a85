package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// signInClients keep every slot busy without filling the queue.
const signInClients = 8

// measureSignIn compares sign-ins with argon2id alone on as many goroutines as
// auth-api has slots, in turns. argon2id runs here, in this process.
func measureSignIn(ctx context.Context, st *stack, s settings, t *table) error {
	if err := st.serve(ctx); err != nil {
		return err
	}
	slots := max(1, runtime.GOMAXPROCS(0)-1)
	l := load{method: "POST", url: "http://" + st.api.addr + "/v1/sessions", connections: signInClients,
		body: fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)}
	// A hash takes some 30 ms: a short round would count too few.
	duration := max(s.duration, 5*time.Second)
	var signIns, hashes []result
	for round := range s.rounds + 1 {
		alone := hashAlone(slots, duration)
		r, err := l.during(ctx, duration)
		if err != nil {
			return err
		}
		if round > 0 {
			hashes, signIns = append(hashes, result{perSecond: alone}), append(signIns, r)
		}
	}
	for i, name := range []string{"sign-ins", fmt.Sprintf("argon2id alone on %d slots", slots)} {
		rates, p50, p99 := series([][]result{signIns, hashes}[i])
		middle, least, most := medianOf(rates)
		text := fmt.Sprintf("%.1f (%.1f to %.1f)", middle, least, most)
		if i == 0 {
			text += fmt.Sprintf("; p50 %s, p99 %s with %d clients", milli(p50), milli(p99), signInClients)
		}
		t.add(name+", a second", text, "")
	}
	ratio(t, "sign-ins against argon2id alone", signIns, hashes, "at least 0.95")
	return nil
}

// hashAlone counts hashes a second: 19 MiB, two passes, one lane.
func hashAlone(slots int, d time.Duration) float64 {
	var n atomic.Int64
	began := time.Now()
	end := began.Add(d)
	var all sync.WaitGroup
	for range slots {
		all.Go(func() {
			for time.Now().Before(end) {
				argon2.IDKey([]byte(password), []byte("somesaltsomesalt"), 2, 19456, 1, 32)
				n.Add(1)
			}
		})
	}
	all.Wait()
	return float64(n.Load()) / time.Since(began).Seconds()
}
