package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth.books.test/internal/servicetest"
)

const wrong = "not the password at all"

// limited takes the wide limits of tests away, so that those hold that people get; and
// believes the address that a request on loopback says it comes from.
func limited(s settings) {
	maps.DeleteFunc(s, func(name, _ string) bool { return strings.HasPrefix(name, "AUTH_API_LIMIT_") })
	s["AUTH_API_TRUSTED_PROXIES"] = "127.0.0.0/8"
}

// byAddress leaves the limits of addresses alone: that over all is so wide that one machine
// does not reach it.
func byAddress(s settings) {
	limited(s)
	s["AUTH_API_LIMIT_SIGN_IN_OVERALL"], s["AUTH_API_LIMIT_ACCOUNT"] = "3000/1m", "100/1m"
}

// signInAt signs in as if from an address.
func (a *api) signInAt(from, email, password string) answer {
	a.t.Helper()
	return a.at(from, "POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
}

func (a *api) at(from, method, path, token string, body any) answer {
	a.t.Helper()
	r := servicetest.Request(a.t, method, a.url+path, token, body)
	r.Header.Set("X-Forwarded-For", from)
	return a.send(r)
}

// misses is how many of n wrong passwords, each for another account, were checked. The others
// must be refused by a limit.
func (a *api) misses(n int, from func(int) string) (checked int) {
	a.t.Helper()
	for i := range n {
		switch got := a.signInAt(from(i), fmt.Sprintf("%d@books.test", i), wrong); {
		case got.status == http.StatusUnauthorized:
			checked++
		case got.status != http.StatusTooManyRequests || got.code() != "too_many_attempts":
			a.t.Errorf("%d %s", got.status, got.raw)
		}
	}
	return checked
}

// Before there were limits, 24 connections from one address had 1,329 guesses a minute
// checked, and kept the owner out of 35 of 37 sign-ins.
func TestGuesserHasThirtyGuessesAMinuteAndTheOwnerSignsIn(t *testing.T) {
	t.Parallel()
	const connections, lasts, perMinute = 24, 5 * time.Second, 30
	a := start(t, byAddress, func(s settings) { delete(s, "PASSWORD_SLOTS"); delete(s, "PASSWORD_QUEUE") })
	a.member()
	var checked, refused, other atomic.Int64
	var flood sync.WaitGroup
	until := time.Now().Add(lasts)
	for n := range connections {
		flood.Go(func() {
			for try := 0; time.Now().Before(until); try++ {
				switch got := a.signInAt("203.0.113.9", fmt.Sprintf("%d.%d@books.test", n, try), wrong); got.status {
				case 401:
					checked.Add(1)
				case 429:
					refused.Add(1)
				case 503: // Where hashing is slow, as under the race detector, nothing is left for a stranger.
				default:
					other.Add(1)
				}
			}
		})
	}
	signedIn := 0
	for time.Now().Before(until) {
		got := a.signInAt("198.51.100.7", email, password)
		if got.status == 503 {
			continue
		}
		a.want(got, 201, "")
		signedIn++
	}
	flood.Wait()
	t.Logf("%d guesses checked, %d refused; the owner signed in %d times", checked.Load(), refused.Load(), signedIn)
	if checked.Load() > perMinute || refused.Load() == 0 || other.Load() > 0 || signedIn == 0 {
		t.Errorf("%d guesses checked, %d refused, %d answered otherwise, %d sign-ins of the owner", checked.Load(), refused.Load(), other.Load(), signedIn)
	}
	counted, _ := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(a.metric(`auth_limited_total{limit="sign_in_address"}`), `auth_limited_total{limit="sign_in_address"}`)))
	if int64(counted) != refused.Load() {
		t.Errorf("the metric says %d, want %d", counted, refused.Load())
	}
	a.stop() // which tells the last sum
	lines, told := 0, 0
	for line := range strings.Lines(a.log.String()) {
		var sum struct {
			Msg, Code string
			Requests  int
		}
		if json.Unmarshal([]byte(line), &sum) == nil && sum.Code == "too_many_attempts" {
			lines++
			told += max(1, sum.Requests)
		}
	}
	if lines > 5 || int64(told) != refused.Load() {
		t.Errorf("%d lines of the log tell of %d refusals, want %d", lines, told, refused.Load())
	}
}

// Where hashing is slow, as under the race detector, some may be asked to come back. Nobody
// misses anything by it.
func TestFiftyPeopleOfOneOfficeSignInAtOnce(t *testing.T) {
	t.Parallel()
	a := start(t, limited)
	a.member()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for end := time.Now().Add(30 * time.Second); ; {
				got := a.signInAt("203.0.113.9", email, password)
				if got.status == 201 {
					return
				}
				if got.status != 429 || time.Now().After(end) {
					t.Errorf("%d %s", got.status, got.raw)
					return
				}
			}
		})
	}
	all.Wait()
	if n := len(a.redis().Keys(t.Context(), "limit:sign_in*").Val()); n != 0 {
		t.Errorf("%d keys of limits are left", n)
	}
}

func TestOtherAddressesAreNoNewBudget(t *testing.T) {
	t.Parallel()
	a := start(t, byAddress)
	if n := a.misses(40, func(n int) string { return fmt.Sprintf("2001:db8:1:1:%x::1", n) }); n != 30 {
		t.Errorf("rotating in a /64: %d were checked, want 30", n)
	}
	if n := a.misses(40, func(n int) string { return fmt.Sprintf("6.6.6.%d, 203.0.113.9", n) }); n != 30 {
		t.Errorf("an address invented before the one that the proxy adds: %d were checked, want 30", n)
	}
	untrusting := start(t, byAddress, func(s settings) { delete(s, "AUTH_API_TRUSTED_PROXIES") })
	if n := untrusting.misses(40, func(n int) string { return fmt.Sprintf("6.6.6.%d", n) }); n != 30 {
		t.Errorf("no proxy is trusted: %d were checked, want 30", n)
	}
	const warning = "AUTH_API_TRUSTED_PROXIES is not set"
	if n := strings.Count(untrusting.log.String(), warning); n != 1 || strings.Contains(a.log.String(), warning) {
		t.Errorf("an undeclared proxy is told %d times", n)
	}
}

func TestLimitThatIsOffIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	a := start(t, byAddress, func(s settings) { s["AUTH_API_LIMIT_SIGN_IN"] = "off" })
	lines := strings.Split(a.log.String(), "\n")
	said := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "this limit is off") })
	if said < 0 || !strings.Contains(lines[said], `"AUTH_API_LIMIT_SIGN_IN"`) || strings.Count(a.log.String(), "this limit is off") != 1 {
		t.Errorf("%s", a.log)
	}
	if n := a.misses(40, func(int) string { return "203.0.113.9" }); n != 40 {
		t.Errorf("%d of 40 were checked", n)
	}
}
