package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"auth.books.test/verify"
	"auth.books.test/verify/direct"
)

// treeDoor says whether a token passes.
type treeDoor func(ctx context.Context, accessToken string) (bool, error)

// treeDoors are those of two replicas and of a verifier. done closes it.
func (st *stack) treeDoors(ctx context.Context, one, other *program) (doors []treeDoor, done func() error, err error) {
	caller, err := st.introspector(ctx)
	if err != nil {
		return nil, nil, err
	}
	id, secret, _ := strings.Cut(caller, ":")
	d, err := st.direct(direct.Options{})
	if err != nil {
		return nil, nil, err
	}
	for _, api := range []*program{one, other} {
		for _, url := range []string{door(api, "").url, "http://" + api.addr + "/v1/accounts/me"} {
			doors = append(doors, func(ctx context.Context, accessToken string) (bool, error) {
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
				if err != nil {
					return false, err
				}
				r.Header.Set("Authorization", "Bearer "+accessToken)
				status, body, err := exchange(r)
				if err == nil && status/100 != 2 && status != http.StatusUnauthorized {
					err = fmt.Errorf("%s: %d %s", url, status, body)
				}
				return status/100 == 2, err
			})
		}
		doors = append(doors, func(ctx context.Context, accessToken string) (bool, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+api.addr+"/oauth/introspect", strings.NewReader("token="+accessToken))
			if err != nil {
				return false, err
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.SetBasicAuth(id, secret)
			status, body, err := exchange(r)
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("introspection: %d %s", status, body)
			}
			return strings.Contains(body, `"active":true`), err
		})
	}
	return append(doors, func(ctx context.Context, accessToken string) (bool, error) { return passes(ctx, d, accessToken) }), d.Close, nil
}

// exchange sends a request and reads the answer to its end, so that the connection can be
// used again.
func exchange(r *http.Request) (status int, body string, err error) {
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}

// passes says whether a verifier accepts a token.
func passes(ctx context.Context, d *direct.Verifier, accessToken string) (bool, error) {
	_, err := d.Verify(ctx, accessToken)
	if errors.Is(err, verify.ErrInvalidToken) {
		return false, nil
	}
	return err == nil, err
}

// lastPass asks a door about the samples again and again, until none passes, and returns
// when the last one that did was asked about.
func lastPass(ctx context.Context, d treeDoor, samples []string, began time.Time) (last time.Duration, err error) {
	for open := true; open; {
		open = false
		for _, sample := range samples {
			asked := time.Since(began)
			passes, err := d(ctx, sample)
			if err != nil {
				return 0, err
			}
			if passes {
				open, last = true, asked
			}
			// The doors share the processors with what they wait for.
			if err := pause(ctx, time.Millisecond); err != nil {
				return 0, err
			}
		}
	}
	return last, nil
}

// alive asks each door about each token, and counts those that pass.
func alive(ctx context.Context, doors []treeDoor, tokens []string) (n int, err error) {
	counts, failed := make([]int, len(doors)), make([]error, len(doors))
	var all sync.WaitGroup
	for i, d := range doors {
		all.Go(func() {
			for _, one := range tokens {
				passes, err := d(ctx, one)
				if err != nil {
					failed[i] = err
					return
				}
				if passes {
					counts[i]++
				}
			}
		})
	}
	all.Wait()
	for _, count := range counts {
		n += count
	}
	return n, errors.Join(failed...)
}
