package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

const (
	// signInClients keep every slot busy without filling the queue.
	signInClients = 8
	signInBar     = 0.95
	// A hash takes some 20 ms: a shorter round would count too few.
	signInDuration = 5 * time.Second
)

func signIns(api *program) load {
	return load{method: "POST", url: "http://" + api.addr + "/v1/sessions", body: credentials(crowd), clients: signInClients}
}

// measureSignIn compares sign-ins with argon2id alone on as many goroutines as
// auth-api has slots, in turns. argon2id runs here, in this process.
func measureSignIn(ctx context.Context, st *stack, s settings, t *table) error {
	var slots int
	var results [][]result
	err := st.serving(ctx, func(api *program) (err error) {
		if slots, err = api.slots(ctx); err != nil {
			return err
		}
		alone := func(ctx context.Context, d time.Duration) (result, error) { return hashAlone(ctx, slots, d) }
		results, err = inTurns(ctx, s.rounds, max(s.duration, signInDuration), signIns(api).during, alone)
		return err
	})
	if err != nil {
		return err
	}
	p50, p99 := percentiles(results[0])
	t.add("sign-ins, a second", fmt.Sprintf("%s; p50 %s, p99 %s with %d clients", rates(results[0]).digits(1), milli(p50), milli(p99), signInClients))
	t.add(fmt.Sprintf("argon2id alone, a second (slots: %d)", slots), rates(results[1]).digits(1))
	ratio := ratios(results[0], results[1])
	t.judge("sign-ins against argon2id alone", ratio.digits(3), fmt.Sprintf("at least %.2f", signInBar), ratio.median >= signInBar)
	return nil
}

// slots asks auth-api how many passwords it hashes at once.
func (p *program) slots(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.metrics+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("read the metrics: %w", err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, fmt.Errorf("read the metrics: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if n, found := strings.CutPrefix(line, "auth_hash_slots "); found {
			return strconv.Atoi(strings.TrimSpace(n))
		}
	}
	return 0, errors.New("the metrics lack auth_hash_slots")
}

// hashAlone counts hashes a second: 19 MiB, two passes, one lane.
func hashAlone(ctx context.Context, slots int, d time.Duration) (result, error) {
	var n atomic.Int64
	began := time.Now()
	end := began.Add(d)
	var all sync.WaitGroup
	for range slots {
		all.Go(func() {
			for time.Now().Before(end) && ctx.Err() == nil {
				argon2.IDKey([]byte(password), []byte("somesaltsomesalt"), 2, 19<<10, 1, 32)
				n.Add(1)
			}
		})
	}
	all.Wait()
	return result{perSecond: float64(n.Load()) / time.Since(began).Seconds()}, ctx.Err()
}
