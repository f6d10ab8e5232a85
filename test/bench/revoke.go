package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

const (
	revocations     = 10_000
	doorRevocations = 300
	revokeBar       = 10 * time.Millisecond
	detections      = 20
)

// measureRevoke looks how long a token passes after its end was acknowledged: at
// a verifier that has it in memory, and at GET /verify of another replica; and how
// long it takes to notice a Redis that is silent.
func measureRevoke(ctx context.Context, st *stack, _ settings, t *table) error {
	d, err := st.direct(direct.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	times, err := st.revokeDirect(ctx, d)
	if err != nil {
		return err
	}
	judgeRevoked(t, fmt.Sprintf("a revoked token passes at `verify` (%d revocations)", len(times)), times)
	if times, err = st.revokeAtAnotherReplica(ctx); err != nil {
		return err
	}
	judgeRevoked(t, fmt.Sprintf("… at `GET /verify` of another replica (%d sign-outs)", len(times)), times)
	if times, err = st.silence(ctx, d); err != nil {
		return err
	}
	bound := d.Stats().Bound
	t.judge(fmt.Sprintf("memory was served for the last time after Redis went silent (%d times)", len(times)),
		fmt.Sprintf("p50 %s, max %s", milli(percentile(times, 50)), milli(times[len(times)-1])), "within "+bound.String(), times[len(times)-1] <= bound)
	return nil
}

func judgeRevoked(t *table, what string, times []time.Duration) {
	t.judge(what, fmt.Sprintf("p50 %s, p99 %s, max %s", micro(percentile(times, 50)), micro(percentile(times, 99)), micro(times[len(times)-1])),
		"p99 under "+revokeBar.String(), percentile(times, 99) < revokeBar)
}

// revokeDirect deletes tokens that are in memory, and asks until they are refused.
func (st *stack) revokeDirect(ctx context.Context, d *direct.Verifier) (times []time.Duration, err error) {
	ring, err := token.ParseKeyRing(st.tokenKey)
	if err != nil {
		return nil, err
	}
	for range revocations {
		made, hash, err := ring.Mint(rand.Reader, token.Access)
		if err != nil {
			return nil, err
		}
		who := somebody()
		who.Hash = hash
		record, err := record.Encode(ring, who)
		if err != nil {
			return nil, err
		}
		if err := st.client.Set(ctx, hash.Key(), record, 0).Err(); err != nil {
			return nil, err
		}
		if err := inMemory(ctx, d, made.Reveal()); err != nil {
			return nil, err
		}
		if err := st.client.Del(ctx, hash.Key()).Err(); err != nil {
			return nil, err
		}
		ended := time.Now()
		var last time.Duration
		for {
			began := time.Since(ended)
			_, err := d.Verify(ctx, made.Reveal())
			if errors.Is(err, verify.ErrInvalidToken) {
				break
			}
			if err != nil {
				return nil, err
			}
			last = began
		}
		times = append(times, last)
	}
	slices.Sort(times)
	return times, nil
}

// revokeAtAnotherReplica signs out at one auth-api and asks another.
func (st *stack) revokeAtAnotherReplica(ctx context.Context) (times []time.Duration, err error) {
	one, err := st.startAPI(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, one.stop()) }()
	other, err := st.startAPI(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, other.stop()) }()
	client := &fasthttp.Client{}
	defer client.CloseIdleConnections()
	send := func(method, url, token string) (int, error) {
		request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		defer fasthttp.ReleaseRequest(request)
		defer fasthttp.ReleaseResponse(response)
		request.Header.SetMethod(method)
		request.SetRequestURI(url)
		request.Header.Set("Authorization", "Bearer "+token)
		err := client.DoTimeout(request, response, 5*time.Second)
		return response.StatusCode(), err
	}
	for range doorRevocations {
		accessToken, err := one.signIn(ctx)
		if err != nil {
			return nil, err
		}
		ask := func() (int, error) { return send("GET", door(other, "").url, accessToken) }
		for range 3 {
			if status, err := ask(); err != nil || status != 204 {
				return nil, fmt.Errorf("verify a live token: %d, %w", status, err)
			}
		}
		if status, err := send("DELETE", "http://"+one.addr+"/v1/sessions/current", accessToken); err != nil || status != 204 {
			return nil, fmt.Errorf("sign out: %d, %w", status, err)
		}
		ended := time.Now()
		var last time.Duration
		for status := 0; status != 401; {
			began := time.Since(ended)
			if status, err = ask(); err != nil || status != 204 && status != 401 {
				return nil, fmt.Errorf("verify a dead token: %d, %w", status, err)
			}
			if status == 204 {
				last = began
			}
		}
		times = append(times, last)
	}
	slices.Sort(times)
	return times, nil
}

// silence stops Redis as a machine that hangs, and looks until when memory is
// served.
func (st *stack) silence(ctx context.Context, d *direct.Verifier) (times []time.Duration, err error) {
	signal := st.redis.Process.Signal
	defer func() { err = errors.Join(err, signal(syscall.SIGCONT)) }()
	for range detections {
		for !d.Stats().Tracking {
			if err := pause(ctx, time.Millisecond); err != nil {
				return nil, err
			}
		}
		if err := signal(syscall.SIGSTOP); err != nil {
			return nil, fmt.Errorf("stop Redis: %w", err)
		}
		began := time.Now()
		var last time.Duration
		for served := true; served; {
			if err := pause(ctx, 100*time.Microsecond); err != nil {
				return nil, err
			}
			asked := time.Since(began)
			if served = d.Stats().Tracking; served {
				last = asked
			}
		}
		times = append(times, last)
		if err := signal(syscall.SIGCONT); err != nil {
			return nil, fmt.Errorf("let Redis go on: %w", err)
		}
	}
	slices.Sort(times)
	return times, nil
}

// somebody is an identity of the size that is to be expected.
func somebody() verify.Principal {
	in := time.Now().Add(12 * time.Hour)
	return verify.Principal{
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: email},
		Audiences: []string{"books", "shop"}, Scopes: []string{"account", "books:read", "books:write", "shop:buy"}, IssuedAt: time.Now(), ExpiresAt: in, IdleExpiresAt: in,
	}
}
