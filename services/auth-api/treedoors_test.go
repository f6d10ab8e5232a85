package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth.books.test/verify"
	"auth.books.test/verify/cache"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// askers is how many ask a door at once.
const askers = 8

// treeDoor is a door that is asked about all descendants of a tree.
type treeDoor struct {
	name string
	// own says that it belongs to the replica that ends the tree: it has to be shut when that
	// is answered.
	own bool
	// batch is how many tokens are asked about at once.
	batch int
	// passing counts those that pass.
	passing func(tokens []string) (int, error)
}

func (w *tree) doors() []treeDoor {
	w.t.Helper()
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		w.t.Fatal(err)
	}
	verifier, err := direct.New(w.redis(), ring, direct.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = verifier.Close() })
	byPackage := func(tokens []string) (int, error) {
		_, err := verifier.Verify(w.t.Context(), tokens[0])
		if errors.Is(err, verify.ErrInvalidToken) {
			return 0, nil
		}
		return 1, err
	}
	const policy = "/verify?api=books&scope=books:read"
	return []treeDoor{
		{"GET /verify", true, 1, w.bearing(w.url + policy)},
		{"GET /verify at another replica", false, 1, w.bearing(w.other.url + policy)},
		{"GET /v1/accounts/me", true, 1, w.bearing(w.url + "/v1/accounts/me")},
		{"GET /oauth/userinfo at another replica", false, 1, w.bearing(w.other.url + "/oauth/userinfo")},
		{"POST /oauth/introspect/batch", true, 100, w.introspecting(w.url)},
		{"POST /oauth/introspect/batch at another replica", false, 100, w.introspecting(w.other.url)},
		{"the Go package", false, 1, byPackage},
	}
}

// bearing asks with the token as its bearer.
func (w *tree) bearing(url string) func([]string) (int, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: askers}}
	w.t.Cleanup(client.CloseIdleConnections)
	return func(tokens []string) (int, error) {
		r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, url, nil)
		if err != nil {
			return 0, err
		}
		r.Header.Set("Authorization", "Bearer "+tokens[0])
		response, err := client.Do(r)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		switch {
		case err != nil:
			return 0, err
		case response.StatusCode/100 == 2:
			return 1, nil
		case response.StatusCode == http.StatusUnauthorized && strings.Contains(string(body), "invalid_token"):
			return 0, nil
		}
		return 0, fmt.Errorf("%d %s", response.StatusCode, body)
	}
}

func (w *tree) introspecting(url string) func([]string) (int, error) {
	return func(tokens []string) (alive int, err error) {
		body, err := json.Marshal(map[string][]string{"tokens": tokens})
		if err != nil {
			return 0, err
		}
		r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, url+"/oauth/introspect/batch", strings.NewReader(string(body)))
		if err != nil {
			return 0, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth(w.introspects.id, w.introspects.secret)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		var answer struct{ Results []struct{ Active bool } }
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK || len(answer.Results) != len(tokens) {
			return 0, fmt.Errorf("%d with %d results: %w", response.StatusCode, len(answer.Results), err)
		}
		for _, one := range answer.Results {
			if one.Active {
				alive++
			}
		}
		return alive, nil
	}
}

// askAll asks a door about all tokens, and counts those that pass. A door of another process
// may let one pass until the bound of its memory is over.
func (w *tree) askAll(d treeDoor, tokens []string, ended time.Time) int {
	w.t.Helper()
	parts := slices.Collect(slices.Chunk(tokens, d.batch))
	var alive atomic.Int64
	var all sync.WaitGroup
	for asker := range askers {
		all.Go(func() {
			for n := asker; n < len(parts); {
				asked := time.Now()
				passing, err := d.passing(parts[n])
				if err != nil {
					w.t.Errorf("%s: %v", d.name, err)
					return
				}
				if passing > 0 && !d.own && asked.Sub(ended) <= cache.DefaultBound {
					continue
				}
				alive.Add(int64(passing))
				n += askers
			}
		})
	}
	all.Wait()
	return int(alive.Load())
}

// A sign-in ends, and with it all that has come of it, however much and however deep.
func TestTenThousandDescendantsDieWithTheirSignInAtEveryDoor(t *testing.T) {
	t.Parallel()
	w := newTree(t)
	doors := w.doors()
	for _, d := range doors {
		if alive := w.askAll(d, w.tokens, time.Time{}); alive != 10_000 {
			t.Fatalf("%s: %d of 10,000 pass before the end", d.name, alive)
		}
	}
	for _, n := range []int{0, 10, 110} { // the first of each generation
		got := w.grantAs(w.shelf, refreshOf(w.renewals[n]))
		if w.renewals[n] = got.text("refresh_token"); got.status != 200 {
			t.Fatalf("refresh before the end: %d %s", got.status, got.raw)
		}
		w.tokens = append(w.tokens, got.text("access_token"))
	}

	began := time.Now()
	got := w.call("DELETE", "/v1/sessions/"+w.root.who.Session.String(), w.sibling, nil)
	for got.code() == "change_under_way" {
		got = w.call("DELETE", "/v1/sessions/"+w.root.who.Session.String(), w.sibling, nil)
	}
	w.want(got, 204, "")
	ended := time.Now()
	t.Logf("10,000 descendants: answered after %v", ended.Sub(began))
	for _, d := range doors {
		if alive := w.askAll(d, append([]string{w.root.token}, w.tokens...), ended); alive != 0 {
			t.Errorf("%s: %d pass after the end", d.name, alive)
		}
	}
	refreshed := treeDoor{"refresh", true, 1, func(tokens []string) (int, error) {
		got := w.grantAs(w.shelf, refreshOf(tokens[0]))
		if got.status == 400 && got.text("error") == "invalid_grant" {
			return 0, nil
		}
		return 1, nil
	}}
	if alive := w.askAll(refreshed, w.renewals, ended); alive != 0 {
		t.Errorf("%d of %d refresh tokens can be used after the end", alive, len(w.renewals))
	}
	w.wantOAuth("a code of the ended sign-in", w.grantAs(w.shelf, exchangeOf(w.code, w.verifier)), 400, "invalid_grant")
	if got := w.me(w.sibling); got.status != 200 {
		t.Errorf("the sign-in that ended the other is dead: %d %s", got.status, got.raw)
	}
}
