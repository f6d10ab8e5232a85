package main_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

// marker stands for whatever secret a caller may have sent; no answer repeats it.
const marker = "Xq7-marker-Xq7"

func TestBadBodiesGetClearAnswers(t *testing.T) {
	t.Parallel()
	a, box := withMail(t)
	asked := a.asksForAccount("lovelacelovelace@books.test")
	code := mailedCode.FindStringSubmatch(arrives(t, box, registrationSubject, 1).Text)[1]
	confirm := "/v1/accounts/" + asked.text("id") + "/confirmation"
	const asJSON = "application/json"
	bodyOf := func(fields map[string]string) string {
		b, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	address := func(email string) string { return bodyOf(map[string]string{"email": email}) }
	choosing := func(password string) string { return bodyOf(map[string]string{"code": code, "password": password}) }
	good := "one " + marker + " two"
	for _, c := range []struct {
		name, path, contentType, body string
		status                        int
		code, location, reason        string
	}{
		{"malformed JSON", "/v1/accounts", asJSON, `{"email":"` + marker, 400, "malformed_request", "", ""},
		{"an array", "/v1/accounts", asJSON, `["` + marker + `"]`, 422, "validation_failed", "body", "wrong_type"},
		{"nothing", "/v1/accounts", asJSON, "", 400, "malformed_request", "", ""},
		{"a form", "/v1/accounts", "application/x-www-form-urlencoded", "password=" + marker, 415, "unsupported_media_type", "", ""},
		{"XML", "/v1/accounts", "application/xml", "<password>" + marker + "</password>", 415, "unsupported_media_type", "", ""},
		{"a body over 4 KiB", confirm, asJSON, choosing(strings.Repeat(marker, 400)), 413, "body_too_large", "", ""},
		{"an unknown field", confirm, asJSON, `{"code":"BCDF-GHJK","password":"` + good + `","` + marker + `":1}`, 422, "validation_failed", "body", "unknown_field"},
		{"no password", confirm, asJSON, `{"code":"` + marker + `"}`, 422, "validation_failed", "body", "required"},
		{"a number for a password", confirm, asJSON, `{"code":"BCDF-GHJK","password":123456789012345678}`, 422, "validation_failed", "body.password", "wrong_type"},
		{"no e-mail address", "/v1/accounts", asJSON, address(marker), 422, "validation_failed", "body.email", "not_an_email"},
		{"an address with a name", "/v1/accounts", asJSON, address("Ada <ada@books.test>"), 422, "validation_failed", "body.email", "not_an_email"},
		{"a long address", "/v1/accounts", asJSON, address(strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 100) + "test"), 422, "validation_failed", "body.email", "not_an_email"},
		{"a look-alike address", "/v1/accounts", asJSON, address("аda@books.test"), 422, "validation_failed", "body.email", "not_an_email"},
		{"a short password", confirm, asJSON, choosing(marker), 422, "validation_failed", "body.password", "too_short"},
		{"a long password", confirm, asJSON, choosing(strings.Repeat(marker, 19)), 422, "validation_failed", "body.password", "too_long"},
		{"a well-known password", confirm, asJSON, choosing("correct horse battery staple"), 422, "validation_failed", "body.password", "blocklisted"},
		{"the service as a password", confirm, asJSON, choosing("auth.books.test auth-api"), 422, "validation_failed", "body.password", "blocklisted"},
		{"the address as a password", confirm, asJSON, choosing("lovelacelovelace1843"), 422, "validation_failed", "body.password", "blocklisted"},
		{"NUL in a password", confirm, asJSON, choosing(good + "\x00"), 422, "validation_failed", "body.password", "not_text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "POST", a.url+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", c.contentType)
			got := a.send(r)
			if got.status != c.status || got.code() != c.code || got.header.Get("Content-Type") != "application/problem+json" {
				t.Fatalf("got %d %s %s, want %d %s", got.status, got.header.Get("Content-Type"), got.raw, c.status, c.code)
			}
			if strings.Contains(got.raw, marker) || got.text("detail") == "" || got.body["status"] != float64(c.status) {
				t.Errorf("the answer repeats what was sent, or says nothing: %s", got.raw)
			}
			if c.reason == "" {
				return
			}
			fields, _ := got.body["errors"].([]any)
			if !slices.ContainsFunc(fields, func(f any) bool {
				field, _ := f.(map[string]any)
				return field["location"] == c.location && field["reason"] == c.reason && field["detail"] != ""
			}) {
				t.Errorf("got %s, want %s at %s", got.raw, c.reason, c.location)
			}
		})
	}
	if strings.Contains(a.log.String(), marker) {
		t.Error("the log repeats what was sent")
	}
}

// A few bytes of Brotli can stand for gigabytes.
func TestCompressedBodiesAreRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	for path, inOAuth := range map[string]bool{"/v1/accounts": false, "/oauth/token": true, "/oauth/introspect/batch": true} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", a.url+path, strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Content-Encoding", "br")
		got := a.send(r)
		if got.status != 415 || inOAuth != (got.text("error") == "invalid_request") || inOAuth == (got.code() == "unsupported_media_type") {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.want(a.call("GET", "/v1/nothing", "", nil), 404, "route_not_found")
	got := a.call("PUT", "/v1/sessions", "", nil)
	a.want(got, 405, "method_not_allowed")
	if !strings.Contains(got.header.Get("Allow"), "POST") {
		t.Errorf("Allow: %q", got.header.Get("Allow"))
	}
}

func TestBadTokensAreTold(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, session := a.member()
	revoked, _ := a.signIn(email, password)
	a.want(a.call("DELETE", "/v1/sessions/current", revoked, nil), 204, "")
	expired, expiredID := a.signIn(email, password)
	a.expire(expiredID)
	for _, c := range []struct{ name, authorization, code string }{
		{"no header", "", "missing_token"},
		{"another scheme", "Basic YWRhOnBhc3N3b3Jk", "missing_token"},
		{"a word", "Bearer nonsense", "invalid_token"},
		{"nothing after Bearer", "Bearer ", "invalid_token"},
		{"cut short", "Bearer " + token[:len(token)-1], "invalid_token"},
		{"a wrong checksum", "Bearer " + token[:len(token)-1] + flip(token[len(token)-1]), "invalid_token"},
		{"another secret, so a wrong checksum", "Bearer " + token[:20] + flip(token[20]) + token[21:], "invalid_token"},
		{"an unknown key", "Bearer " + foreignToken(), "invalid_token"},
		{"revoked", "Bearer " + revoked, "invalid_token"},
		{"expired", "Bearer " + expired, "invalid_token"},
		{"the session's public id", "Bearer " + session, "invalid_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "GET", a.url+"/v1/accounts/me", nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.authorization != "" {
				r.Header.Set("Authorization", c.authorization)
			}
			got := a.send(r)
			a.want(got, 401, c.code)
			want := `Bearer realm="auth.books.test"`
			if c.code == "invalid_token" {
				want += `, error="invalid_token"`
			}
			if h := got.header.Get("WWW-Authenticate"); h != want {
				t.Errorf("WWW-Authenticate: %s, want %s", h, want)
			}
		})
	}
	r, _ := http.NewRequestWithContext(t.Context(), "GET", a.url+"/v1/accounts/me", nil)
	r.Header.Set("Authorization", "bEARER  "+token)
	a.want(a.send(r), 200, "")
}

func TestTwoTokensInOneRequestAreRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.member()
	for name, c := range map[string]struct {
		path          string
		authorization []string
	}{
		"two headers":    {"/v1/accounts/me", []string{"Bearer " + token, "Bearer " + token}},
		"joined":         {"/v1/accounts/me", []string{"Bearer " + token + ", Bearer " + token}},
		"header and URL": {"/v1/accounts/me?access_token=" + token, []string{"Bearer " + token}},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", a.url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header["Authorization"] = c.authorization
		got := a.send(r)
		a.want(got, 400, "malformed_request")
		if h := got.header.Get("WWW-Authenticate"); h != `Bearer realm="auth.books.test", error="invalid_request"` {
			t.Errorf("%s: WWW-Authenticate: %s", name, h)
		}
	}
}

// Not parallel: it compares times. The kinds are shuffled, so that a busy machine
// slows both, and what comes back every few hashes, as garbage collection does,
// falls on both; without the hash for nobody the unknown account would take a
// hundredth of the time. On a quiet machine the medians are certain after a few rounds;
// one that is too busy to tell in a minute still sees a large difference.
func TestWrongPasswordAndUnknownAccountCannotBeTold(t *testing.T) {
	const rounds, tries = 20, 25 // tries of each kind in a round
	const least, most, limit = 0.93, 1.07, time.Minute
	a := start(t, func(s settings) { s["AUTH_API_LIMIT_SIGN_IN_OVERALL"], s["AUTH_API_LIMIT_SESSION"] = "6000/1m", "off" })
	a.register(email, password)
	kinds := [2]string{email, "nobody@books.test"}
	var took [2][]time.Duration
	var first answer
	var same, different bool
	began := time.Now()
	for round := 0; round < rounds && !same && time.Since(began) < limit; round++ {
		for _, kind := range rand.Perm(2 * tries) {
			kind %= 2
			sent := time.Now()
			got := a.call("POST", "/v1/sessions", "", map[string]string{"email": kinds[kind], "password": "not the password at all"})
			took[kind] = append(took[kind], time.Since(sent))
			if first.status == 0 {
				first = got
			}
			if got.status != 401 || got.raw != first.raw {
				t.Fatalf("%s: %d %s, the first was %s", kinds[kind], got.status, got.raw, first.raw)
			}
		}
		leastWrong, mostWrong := medianBounds(took[0])
		leastUnknown, mostUnknown := medianBounds(took[1])
		from, to := ratio(leastWrong, mostUnknown), ratio(mostWrong, leastUnknown)
		same, different = from >= least && to <= most, to < least || from > most
	}
	wrong, unknown := median(took[0]), median(took[1])
	t.Logf("medians of %d: wrong password %v, unknown account %v", len(took[0]), wrong, unknown)
	if r := ratio(wrong, unknown); different || !same && (r < 0.85 || r > 1.15) {
		t.Errorf("a wrong password takes %v, an unknown account %v", wrong, unknown)
	}
}

func TestFullQueueSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["PASSWORD_SLOTS"], s["PASSWORD_QUEUE"] = "1", "1" })
	token, _ := a.member()
	answers := make(chan answer, 40)
	for range cap(answers) {
		go func() {
			answers <- a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
		}()
	}
	busy := 0
	for range cap(answers) {
		switch got := <-answers; got.status {
		case 201:
		case 503:
			busy++
			if got.code() != "busy" || got.header.Get("Retry-After") != "5" {
				t.Errorf("%s, Retry-After %q", got.raw, got.header.Get("Retry-After"))
			}
		case 429:
			// The address was told to wait, and this request did not: the limits may refuse it
			// before it comes to the queue.
			if got.code() != "too_many_attempts" || got.header.Get("Retry-After") == "" {
				t.Errorf("%s, Retry-After %q", got.raw, got.header.Get("Retry-After"))
			}
		default:
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
	if busy == 0 || busy == cap(answers) {
		t.Errorf("%d of %d were refused", busy, cap(answers))
	}
	a.want(a.me(token), 200, "")
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// medianBounds are the times between which the median of all such times lies, with a
// probability of 95 %: how many of n times are below it is binomial, with a standard
// deviation of half the root of n.
func medianBounds(d []time.Duration) (least, most time.Duration) {
	slices.Sort(d)
	off := int(math.Ceil(1.96 * math.Sqrt(float64(len(d))) / 2))
	return d[len(d)/2-off], d[len(d)/2+off]
}

// expire makes the record of a session one that has ended.
func (a *api) expire(session string) {
	a.t.Helper()
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		a.t.Fatal(err)
	}
	client := a.redis()
	for _, key := range client.Keys(a.t.Context(), "session:*").Val() {
		hash, _ := token.ParseKey(key)
		i, err := record.Decode(ring, hash, client.Get(a.t.Context(), key).Val())
		if err == nil && i.Authorization == session {
			i.IdleExpiresAt = time.Now().Add(-time.Second)
			if err := client.Set(a.t.Context(), key, newRecord(a.t, *i), 0).Err(); err != nil {
				a.t.Fatal(err)
			}
			return
		}
	}
	a.t.Fatal("no record of the session")
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}
