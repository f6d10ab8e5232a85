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

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

const wrong = "not the password at all"

// limited takes the wide limits of tests away, so that those hold that people get; and
// believes the address that a request on loopback says it comes from.
func limited(s settings) {
	maps.DeleteFunc(s, func(name, _ string) bool { return strings.HasPrefix(name, "AUTH_API_LIMIT_") })
	s["AUTH_API_TRUSTED_PROXIES"] = "127.0.0.0/8"
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

// misses is how many of n wrong passwords were checked. The others must be refused by a
// limit.
func (a *api) misses(n int, from func(int) string) (checked int) {
	a.t.Helper()
	for i := range n {
		switch got := a.signInAt(from(i), email, wrong); {
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
	a := start(t, limited, func(s settings) { delete(s, "PASSWORD_SLOTS"); delete(s, "PASSWORD_QUEUE") })
	a.member()
	var checked, refused, other atomic.Int64
	var flood sync.WaitGroup
	until := time.Now().Add(lasts)
	for range connections {
		flood.Go(func() {
			for time.Now().Before(until) {
				switch got := a.signInAt("203.0.113.9", email, wrong); got.status {
				case 401:
					checked.Add(1)
				case 429:
					refused.Add(1)
				default:
					other.Add(1)
				}
			}
		})
	}
	signedIn := 0
	for time.Now().Before(until) {
		a.want(a.signInAt("198.51.100.7", email, password), 201, "")
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

func TestFiftyPeopleOfOneOfficeSignInAtOnce(t *testing.T) {
	t.Parallel()
	a := start(t, limited)
	a.member()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { a.want(a.signInAt("203.0.113.9", email, password), 201, "") })
	}
	all.Wait()
	if n := len(a.redis().Keys(t.Context(), "limit:sign_in*").Val()); n != 0 {
		t.Errorf("%d keys of limits are left", n)
	}
}

func TestOtherAddressesAreNoNewBudget(t *testing.T) {
	t.Parallel()
	a := start(t, limited)
	if n := a.misses(40, func(n int) string { return fmt.Sprintf("2001:db8:1:1:%x::1", n) }); n != 30 {
		t.Errorf("rotating in a /64: %d were checked, want 30", n)
	}
	if n := a.misses(40, func(n int) string { return fmt.Sprintf("6.6.6.%d, 203.0.113.9", n) }); n != 30 {
		t.Errorf("an address invented before the one that the proxy adds: %d were checked, want 30", n)
	}
	untrusting := start(t, limited, func(s settings) { delete(s, "AUTH_API_TRUSTED_PROXIES") })
	if n := untrusting.misses(40, func(n int) string { return fmt.Sprintf("6.6.6.%d", n) }); n != 30 {
		t.Errorf("no proxy is trusted: %d were checked, want 30", n)
	}
	const warning = "AUTH_API_TRUSTED_PROXIES is not set"
	if n := strings.Count(untrusting.log.String(), warning); n != 1 || strings.Contains(a.log.String(), warning) {
		t.Errorf("an undeclared proxy is told %d times", n)
	}
}

func TestReplicasAndDoorsShareALimit(t *testing.T) {
	t.Parallel()
	a := start(t, limited, func(s settings) { s["AUTH_API_LIMIT_SIGN_IN"], s["AUTH_API_PASSWORD_GRANT"] = "10/1m", "true" })
	b := startWith(t, a.env)
	from := func(int) string { return "203.0.113.9" }
	if n := a.misses(6, from) + b.misses(3, from); n != 9 {
		t.Errorf("%d were checked, want 9", n)
	}
	form := func() answer {
		r, err := http.NewRequestWithContext(t.Context(), "POST", b.url+"/oauth/token", strings.NewReader("grant_type=password&username="+email+"&password=wrong"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", from(0))
		return b.send(r)
	}
	b.wantOAuth("the last one", form(), 400, "invalid_grant")
	b.wantOAuth("one more", form(), 429, "temporarily_unavailable")
	if n := a.misses(3, from) + b.misses(3, from); n != 0 {
		t.Errorf("%d more were checked", n)
	}
}

func TestRefusalSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	a := start(t, limited, func(s settings) { s["AUTH_API_LIMIT_SIGN_IN"] = "1/2s" })
	a.member()
	a.want(a.signInAt("203.0.113.9", email, wrong), 401, "invalid_credentials")
	got := a.signInAt("203.0.113.9", email, password)
	a.want(got, 429, "too_many_attempts")
	h := got.header
	wait, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || wait < 1 || wait > 2 || h.Get("RateLimit-Policy") != `"sign_in_address";q=1;w=2` || h.Get("RateLimit") != fmt.Sprintf(`"sign_in_address";r=0;t=%d`, wait) {
		t.Errorf("%v", h)
	}
	devtest.Eventually(t, "there is a place again", func() bool { return a.signInAt("203.0.113.9", email, password).status == 201 })
}

func TestRegistrationsAreLimited(t *testing.T) {
	t.Parallel()
	a := start(t, limited, func(s settings) { s["AUTH_API_LIMIT_REGISTRATION"] = "3/1m" })
	register := func(from, email, password string) answer {
		return a.at(from, "POST", "/v1/accounts", "", map[string]string{"email": email, "password": password})
	}
	a.want(register("203.0.113.9", "eve@books.test", "short"), 422, "validation_failed") // costs no hash
	for n := range 3 {
		a.want(register("203.0.113.9", fmt.Sprintf("eve%d@books.test", n%2), password), 202, "")
	}
	a.want(register("203.0.113.9", "eve3@books.test", password), 429, "too_many_attempts")
	a.want(register("198.51.100.7", email, password), 202, "")
	a.want(a.signInAt("203.0.113.9", email, password), 201, "")
	if n := a.count("SELECT count(*) FROM accounts"); n != 3 {
		t.Errorf("%d accounts", n)
	}
}

// Whoever has taken a token can guess the password only so often, and keeps the owner out
// of nothing but this session.
func TestCurrentPasswordCanBeGuessedOnlySoOftenInASession(t *testing.T) {
	t.Parallel()
	a := start(t, limited, func(s settings) { s["AUTH_API_LIMIT_SESSION"] = "3/1m" })
	stolen, _ := a.member()
	mine, _ := a.signIn(email, password)
	change := func(token, current, next string) answer {
		return a.call("PUT", "/v1/accounts/me/password", token, map[string]string{"current_password": current, "new_password": next})
	}
	const next = "another four words and more"
	a.want(change(stolen, password, "short"), 422, "validation_failed") // the current one is right
	a.want(change(stolen, wrong, next), 403, "wrong_password")
	a.want(change(stolen, wrong, next), 403, "wrong_password")
	a.want(a.call("DELETE", "/v1/accounts/me", stolen, map[string]string{"password": wrong}), 403, "wrong_password")
	a.want(change(stolen, password, next), 429, "too_many_attempts")
	a.want(a.call("DELETE", "/v1/accounts/me", stolen, map[string]string{"password": password}), 429, "too_many_attempts")
	a.want(change(mine, password, next), 204, "")
}

func TestWrongSecretsOfClientsAreLimitedAndRightOnesNever(t *testing.T) {
	t.Parallel()
	a := start(t, limited, func(s settings) { s["AUTH_API_LIMIT_CLIENT"] = "4/1m" })
	token, _ := a.library()
	right := a.client("books")
	bad := right
	bad.secret = right.secret[:len(right.secret)-1] + map[bool]string{true: "A", false: "B"}[strings.HasSuffix(right.secret, "B")]
	for _, ask := range []func() answer{
		func() answer { return a.introspect(token, bad) }, func() answer { return a.introspectAll(bad, token) },
		func() answer { return a.revoke(token, bad) }, func() answer { return a.introspect(token, bad) },
	} {
		a.wantOAuth("a wrong secret", ask(), 401, "invalid_client")
	}
	for _, ask := range []func() answer{
		func() answer { return a.introspect(token, bad) }, func() answer { return a.introspectAll(bad, token) }, func() answer { return a.revoke(token, bad) },
	} {
		got := ask()
		a.wantOAuth("one more", got, 429, "temporarily_unavailable")
		if got.header.Get("Retry-After") == "" || !strings.HasPrefix(got.header.Get("RateLimit-Policy"), `"client_address";q=4;w=60`) {
			t.Errorf("%v", got.header)
		}
	}
	if got := a.introspect(token, right); got.status != 200 || got.body["active"] != true {
		t.Errorf("the right secret: %d %s", got.status, got.raw)
	}
}

func TestLimitThatIsOffIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	a := start(t, limited, func(s settings) { s["AUTH_API_LIMIT_SIGN_IN"] = "off" })
	lines := strings.Split(a.log.String(), "\n")
	said := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "this limit is off") })
	if said < 0 || !strings.Contains(lines[said], `"AUTH_API_LIMIT_SIGN_IN"`) || strings.Count(a.log.String(), "this limit is off") != 1 {
		t.Errorf("%s", a.log)
	}
	if n := a.misses(40, func(int) string { return "203.0.113.9" }); n != 40 {
		t.Errorf("%d of 40 were checked", n)
	}
}
