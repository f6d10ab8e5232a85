package matrix_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/fiberbearer"
	"auth.books.test/verify/token"
)

// verdict is what a door says of a token of which the API's scope to write is
// wanted. Anything else, such as 503, fails the test.
type verdict string

const (
	open    verdict = "open"
	lacking verdict = "alive, but may not write"
	dead    verdict = "dead"
)

// door is one way to verify a token.
type door struct {
	name string
	// is names what it is in the code: a route of the document, a verifier of
	// package verify, or the package of a middleware.
	is string
	// own says that it belongs to the replica which is told of the events, or
	// keeps nothing: it has to be shut when the event is answered.
	own bool
	// closed says that it does not tell why a token may not pass.
	closed bool
	// people says that it takes only tokens of people.
	people bool
	ask    func(t *testing.T, s *stage, token string) verdict
}

// doors are all of them. Verifiers and servers are shared by all stages.
func (w *world) doors(t *testing.T) []door {
	t.Helper()
	direct, forNetHTTP, forFiber := w.direct(t), w.direct(t), w.direct(t)
	var all []door
	for name, replica := range map[string]string{"the replica that is told": w.first, "another replica": w.other} {
		own := replica == w.first
		all = append(all,
			door{"accounts/me at " + name, "GET /v1/accounts/me", own, false, true, func(t *testing.T, s *stage, token string) verdict {
				return s.me(t, replica, token)
			}},
			door{"verify at " + name, "GET /verify", own, false, false, func(t *testing.T, s *stage, token string) verdict {
				return ofStatus(t, call(t, "GET", replica+"/verify?api="+s.api+"&scope="+s.write(), bearerOf(token), nil))
			}},
			door{"introspection at " + name, "POST /oauth/introspect", own, true, false, func(t *testing.T, s *stage, token string) verdict {
				got := call(t, "POST", replica+"/oauth/introspect", basic(s.clientID, s.secret), url.Values{"token": {token}})
				return s.ofIntrospection(t, got, got.body)
			}},
			door{"batch introspection at " + name, "POST /oauth/introspect/batch", own, true, false, func(t *testing.T, s *stage, token string) verdict {
				got := call(t, "POST", replica+"/oauth/introspect/batch", basic(s.clientID, s.secret), map[string][]string{"tokens": {"nonsense", token}})
				results, _ := got.body["results"].([]any)
				if len(results) != 2 {
					t.Fatalf("%d %s", got.status, got.raw)
				}
				one, _ := results[1].(map[string]any)
				return s.ofIntrospection(t, got, one)
			}},
			door{"the Go package by " + name, "verify.Remote", own, true, false, func(t *testing.T, s *stage, token string) verdict {
				remote, err := verify.NewRemote(verify.RemoteOptions{URL: replica, ClientID: s.clientID, ClientSecret: s.secret})
				if err != nil {
					t.Fatal(err)
				}
				return s.ofVerifier(t, remote, token)
			}},
		)
	}
	return append(all,
		door{"the Go package by Redis", "direct.Verifier", false, false, false, func(t *testing.T, s *stage, token string) verdict {
			return s.ofVerifier(t, direct, token)
		}},
		door{"middleware for net/http", "bearer", false, false, false, func(t *testing.T, s *stage, token string) verdict {
			guard := bearer.New(bearer.Options{Verifier: forNetHTTP, Audience: s.api})
			server := httptest.NewServer(guard.Require(s.write())(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
			defer server.Close()
			return ofStatus(t, call(t, "GET", server.URL, bearerOf(token), nil))
		}},
		door{"middleware for Fiber", "fiberbearer", false, false, false, func(t *testing.T, s *stage, token string) verdict {
			guard := bearer.New(bearer.Options{Verifier: forFiber, Audience: s.api})
			return ofStatus(t, call(t, "GET", fiberServer(t, fiberbearer.Require(guard, s.write())), bearerOf(token), nil))
		}},
	)
}

func (w *world) direct(t *testing.T) *direct.Verifier {
	t.Helper()
	d, err := direct.New(w.redis, w.ring, direct.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func fiberServer(t *testing.T, require fiber.Handler) string {
	t.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", require, func(c *fiber.Ctx) error { return c.SendStatus(http.StatusNoContent) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- app.Listener(l) }()
	t.Cleanup(func() {
		_ = app.Shutdown()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func (s *stage) me(t *testing.T, replica, token string) verdict {
	t.Helper()
	got := call(t, "GET", replica+"/v1/accounts/me", bearerOf(token), nil)
	if got.status != 200 {
		return ofStatus(t, got)
	}
	scopes, _ := got.body["scopes"].([]any)
	audiences, _ := got.body["audiences"].([]any)
	if slices.Contains(scopes, any(s.write())) && slices.Contains(audiences, any(s.api)) {
		return open
	}
	return lacking
}

// ofStatus reads an answer of RFC 6750.
func ofStatus(t *testing.T, got answer) verdict {
	t.Helper()
	switch {
	case got.status == 204:
		return open
	case got.status == 403 && got.text("code") == "insufficient_scope":
		return lacking
	case got.status == 401 && got.text("code") == "invalid_token":
		return dead
	}
	t.Fatalf("%d %s", got.status, got.raw)
	return ""
}

func (s *stage) ofIntrospection(t *testing.T, got answer, one map[string]any) verdict {
	t.Helper()
	scope, _ := one["scope"].(string)
	switch {
	case got.status != 200 || one["active"] == nil:
		t.Fatalf("%d %s", got.status, got.raw)
	case one["active"] == false && len(one) == 1:
		return dead
	case one["active"] == true && one["aud"] == s.api && slices.Contains(strings.Fields(scope), s.write()):
		return open
	}
	return lacking
}

func (s *stage) ofVerifier(t *testing.T, v verify.Verifier, token string) verdict {
	t.Helper()
	identity, err := v.Verify(context.Background(), token)
	switch {
	case errors.Is(err, verify.ErrInvalidToken):
		return dead
	case err != nil:
		t.Fatal(err)
	case identity.HasAudience(s.api) && identity.HasScope(s.write()):
		return open
	}
	return lacking
}

func parse(ring *token.KeyRing, raw string) (token.Hash, error) {
	parsed, err := token.Parse(raw)
	if err != nil {
		return token.Hash{}, err
	}
	return ring.Hash(parsed)
}
