package main_test

import (
	"net/http"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

func TestServesTheWelcomeAndAsksForAToken(t *testing.T) {
	t.Parallel()
	p := startAPI(t, devtest.Redis(t))
	if got := p.call("GET", "/", "", nil); got.status != 200 || !strings.HasPrefix(got.text("message"), "Hello, world!") {
		t.Errorf("/: %d %s", got.status, got.raw)
	}
	if got := p.call("GET", "/livez", "", nil); got.status != 200 {
		t.Errorf("/livez: %d %s", got.status, got.raw)
	}
	if got := p.call("GET", "/readyz", "", nil); got.status != 200 || got.text("session-db") != "up" {
		t.Errorf("/readyz: %d %s", got.status, got.raw)
	}
	want(t, p.hello(""), 401, "missing_token", none)
	want(t, p.hello("nonsense"), 401, "invalid_token", invalid)
	want(t, p.hello("two tokens"), 400, "malformed_request", `Bearer realm="books", error="invalid_request"`)
	if got := p.call("GET", "/nothing", "", nil); got.status != 404 {
		t.Errorf("/nothing: %d %s", got.status, got.raw)
	}
	if got := p.call("POST", "/hello", "", nil); got.status != 405 || got.header.Get("Allow") == "" {
		t.Errorf("POST /hello: %d %s %v", got.status, got.raw, got.header)
	}
}

func TestStopsInOrder(t *testing.T) {
	t.Parallel()
	p := startAPI(t, devtest.Redis(t), func(s settings) { s["HELLOWORLD_SHUTDOWN_DELAY"] = "1s" })
	go p.stop()
	devtest.Eventually(t, "readiness fails", func() bool {
		r, err := http.Get(p.url + "/readyz")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		return r.StatusCode == http.StatusServiceUnavailable
	})
	if got := p.call("GET", "/", "", nil); got.status != 200 {
		t.Errorf("while readiness fails: %d %s", got.status, got.raw)
	}
	<-p.ended
	if !p.cmd.ProcessState.Success() {
		t.Errorf("%v: %s", p.cmd.ProcessState, p.log)
	}
}
