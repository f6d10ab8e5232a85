//go:build e2e

package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load is a stream of requests that are to succeed.
type load struct {
	sent, failed atomic.Int64
	first        sync.Map
	stop         chan struct{}
	all          sync.WaitGroup
}

// start sends a request again and again, from several at once.
func (l *load) start(workers int, pause time.Duration, want int, request func() (answer, error)) {
	for range workers {
		l.all.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				case <-time.After(pause):
				}
				l.sent.Add(1)
				began := time.Now()
				if a, err := request(); err != nil || a.status != want {
					l.failed.Add(1)
					l.first.LoadOrStore("failure", fmt.Sprintf("%s, after %v, not %d but %d %v %v", began.Format(time.StampMilli), time.Since(began), want, a.status, a.body, err))
				}
			}
		})
	}
}

func (l *load) end(t *testing.T, atLeast int64) {
	t.Helper()
	close(l.stop)
	l.all.Wait()
	t.Logf("%d requests, %d failed", l.sent.Load(), l.failed.Load())
	if failure, found := l.first.Load("failure"); found || l.sent.Load() < atLeast {
		t.Errorf("%d of %d failed, such as: %v", l.failed.Load(), l.sent.Load(), failure)
	}
}

func me(token string) func() (answer, error) {
	return func() (answer, error) { return send("GET", "/v1/accounts/me", token, nil) }
}

// keeping is a client that keeps as many connections as it has used, as proxies do.
// The default one keeps two, and would open a new one for almost every request.
func keeping() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 100
	return &http.Client{Timeout: 10 * time.Second, Transport: transport}
}

// once asks without a second attempt. Go sends a request again by itself if a kept
// connection turns out to be closed, unless it cannot: here the body is there once.
func once(c *http.Client, method, path, token string) func() (answer, error) {
	return func() (answer, error) {
		const body = `{"email":"nobody"}`
		r, err := http.NewRequest(method, "http://"+node()+":30080"+path, io.NopCloser(strings.NewReader(body)))
		if err != nil {
			return answer{}, err
		}
		r.ContentLength = int64(len(body))
		r.Header.Set("Content-Type", "application/json")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return do(c, r)
	}
}

// pods are the names of a service's pods, those that end included.
func pods(t *testing.T, name string) []string {
	t.Helper()
	return strings.Fields(inAuth(t, "get", "pod", "-l", "app.kubernetes.io/name="+name, "-o", "jsonpath={.items[*].metadata.name}"))
}

// exchanged waits until none of the pods of before is left.
func exchanged(t *testing.T, name string, before []string) {
	t.Helper()
	inAuth(t, "rollout", "status", "deployment/"+name, "--timeout=3m")
	eventually(t, 2*time.Minute, "the old pods of "+name+" are gone", func() error {
		for _, pod := range pods(t, name) {
			if slices.Contains(before, pod) {
				return fmt.Errorf("%s is there", pod)
			}
		}
		return nil
	})
}

func TestRollingUpdateFailsNoRequest(t *testing.T) {
	_, token := member(t)
	l := &load{stop: make(chan struct{})}
	c := keeping()
	l.start(8, 0, 200, once(c, "GET", "/v1/accounts/me", token))
	l.start(8, 10*time.Millisecond, 422, once(c, "POST", "/v1/accounts", ""))
	before := pods(t, "auth-api")
	inAuth(t, "rollout", "restart", "deployment/auth-api")
	exchanged(t, "auth-api", before)
	l.end(t, 100)
}

func TestChangedSettingRollsThePods(t *testing.T) {
	before := pods(t, "auth-api")
	applyWith(t, "configMapGenerator:\n  - name: auth-api\n    behavior: merge\n    literals: [AUTH_API_LOG_LEVEL=debug]\n")
	exchanged(t, "auth-api", before)
	ready(t)
}
