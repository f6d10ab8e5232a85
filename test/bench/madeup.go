package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// madeUpBar is what a live token must keep of its rate while made-up ones come.
const madeUpBar = 0.6

// madeUp gives tokens that name a key of the stack's ring and were made without it.
func (st *stack) madeUp(n int) ([]string, error) {
	secret := make([]byte, token.MinKeySize)
	_, _ = rand.Read(secret) // never fails
	ring, err := token.ParseKeyRing(st.tokenKey[:len("k1:")] + base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		return nil, err
	}
	tokens := make([]string, n)
	for i := range tokens {
		made, _, err := ring.Mint(rand.Reader, token.Access)
		if err != nil {
			return nil, err
		}
		tokens[i] = made.Reveal()
	}
	return tokens, nil
}

// measureMadeUp has one goroutine verify a live token from memory, alone and while
// another one asks for made-up tokens without a pause.
func (st *stack) measureMadeUp(ctx context.Context, s settings, t *table, d *direct.Verifier, accessToken string) error {
	tokens, err := st.madeUp(floodTokens)
	if err != nil {
		return err
	}
	live := repeated(func() error { _, err := d.Verify(ctx, accessToken); return err })
	next := 0
	flood := repeated(func() error {
		next++
		if _, err := d.Verify(ctx, tokens[next%len(tokens)]); !errors.Is(err, verify.ErrInvalidToken) {
			return fmt.Errorf("a made-up token: %w", errors.Join(err, errors.New("it must be invalid")))
		}
		return nil
	})
	results, err := inTurns(ctx, s.rounds, s.duration/3, live, beside(live, flood), flood)
	if err != nil {
		return err
	}
	kept := ratios(results[1], results[0])
	t.judge("a live token at `verify` while made-up ones come, against without", kept.digits(2), fmt.Sprintf("at least %.1f", madeUpBar), kept.median >= madeUpBar)
	refused := over(results[2], func(_ int, r result) float64 { return r.perSecond })
	t.add("made-up tokens refused at `verify` by one goroutine, a second", refused.digits(0))
	return nil
}

// beside measures one while another is done.
func beside(measure, other measured) measured {
	return func(ctx context.Context, d time.Duration) (result, error) {
		ended := make(chan error, 1)
		go func() {
			_, err := other(ctx, d)
			ended <- err
		}()
		r, err := measure(ctx, d)
		return r, errors.Join(err, <-ended)
	}
}
