package main_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"
)

// front stands between a proxy and auth-api: it remembers what the proxy asks, and
// can fail in auth-api's place.
type front struct {
	addr string
	next http.Handler
	mu   sync.Mutex
	mode string
	seen []reached
	// hung is closed at the end of the test, for requests that get no answer.
	hung chan struct{}
}

// How a front fails: a status, or one of these.
const (
	works  = ""
	silent = "silent"
	closes = "closes"
)

func newFront(t *testing.T, a *api) *front {
	t.Helper()
	target, err := url.Parse(a.url)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{next: httputil.NewSingleHostReverseProxy(target), hung: make(chan struct{})}
	server := httptest.NewServer(f)
	t.Cleanup(func() {
		close(f.hung)
		server.Close()
	})
	f.addr = server.Listener.Addr().String()
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	mode := f.mode
	f.seen = append(f.seen, reached{method: r.Method, uri: r.RequestURI, header: r.Header.Clone()})
	f.mu.Unlock()
	switch mode {
	case works:
		f.next.ServeHTTP(w, r)
	case silent:
		select {
		case <-f.hung:
		case <-r.Context().Done():
		}
	case closes:
		panic(http.ErrAbortHandler)
	default:
		status, err := strconv.Atoi(mode)
		if err != nil {
			panic(err)
		}
		w.WriteHeader(status)
	}
}

// fail sets how the next requests are answered.
func (f *front) fail(mode string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mode = mode
}

// take gives what was asked since the last call.
func (f *front) take() (seen []reached) {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen, f.seen = f.seen, nil
	return seen
}
