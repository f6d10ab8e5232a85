package surface_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

const (
	// each is how many peers of one kind there are at once.
	each = 25
	// drip is how long a slow peer waits after each byte.
	drip = 50 * time.Millisecond
	// watched is how many answers the other client gets before, and meanwhile.
	watched = 100
	// patience is how long a peer that blocks tries to write.
	patience = 5 * time.Second
)

// hostile are peers that keep a server busy or waiting. Each gets a connection that is open
// until ctx ends.
func hostile(token string) map[string]func(ctx context.Context, conn net.Conn) {
	const post = "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	me := "GET /v1/accounts/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n"
	sends := func(text string) func(context.Context, net.Conn) {
		return func(ctx context.Context, conn net.Conn) { _, _ = io.WriteString(conn, text) }
	}
	drips := func(begin, rest string) func(context.Context, net.Conn) {
		return func(ctx context.Context, conn net.Conn) {
			_, _ = io.WriteString(conn, begin)
			ticker := time.NewTicker(drip)
			defer ticker.Stop()
			for n := 0; ctx.Err() == nil; n++ {
				if _, err := conn.Write([]byte{rest[n%len(rest)]}); err != nil {
					return
				}
				select {
				case <-ticker.C:
				case <-ctx.Done():
				}
			}
		}
	}
	return map[string]func(context.Context, net.Conn){
		"silent":               func(context.Context, net.Conn) {},
		"half a request line":  sends("GET /v1/acc"),
		"half a header":        sends(me[:len(me)-20]),
		"half a body":          sends(post + "Content-Length: 2000\r\n\r\n{\"email\":"),
		"a slow header":        drips("GET /v1/accounts/me HTTP/1.1\r\nHost: x\r\nX-Slow: ", "x"),
		"a slow body":          drips(post+"Content-Length: 4000\r\n\r\n", " "),
		"slow chunks":          drips(post+"Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"),
		"too large a header":   sends(post + "X: " + strings.Repeat("x", 100_000)),
		"too large a body":     sends(post + "Content-Length: 1000000000\r\n\r\n" + strings.Repeat(" ", 100_000)),
		"too large a chunk":    sends(post + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n" + strings.Repeat(" ", 100_000)),
		"requests, never read": sends(strings.Repeat(me, 200)),
		"waiting for 100":      sends(post + "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"),
		"half closed": func(_ context.Context, conn net.Conn) {
			_, _ = io.WriteString(conn, me[:len(me)-2])
			_ = conn.(*net.TCPConn).CloseWrite()
		},
		"a reset": func(_ context.Context, conn net.Conn) {
			_, _ = io.WriteString(conn, strings.Repeat(me, 3)+me[:30])
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		},
	}
}

// Hundreds of peers that send half of something, slowly or too much, keep nobody else from
// being answered, and leave nothing behind.
func TestOthersAreAnsweredWhileHundredsOfPeersMisbehave(t *testing.T) {
	t.Parallel()
	s := serve(t)
	token := s.signIn()
	quiet := s.watch(token, watched)
	goroutines := s.gauge("go_goroutines")

	ctx, cancel := context.WithCancel(t.Context())
	var peers sync.WaitGroup
	opened := 0
	for name, misbehave := range hostile(token) {
		for range each {
			conn, err := net.Dial("tcp", s.addr())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			_ = conn.SetWriteDeadline(time.Now().Add(patience))
			opened++
			peers.Go(func() {
				defer conn.Close()
				misbehave(ctx, conn)
				<-ctx.Done()
			})
		}
	}
	meanwhile := s.watch(token, watched)
	if open := s.signIn(); s.status(open) != http.StatusOK {
		t.Error("nobody can sign in meanwhile")
	}
	cancel()
	peers.Wait()
	t.Logf("%d peers; p50 and p99 of another client: %v and %v, without them %v and %v", opened, quantile(meanwhile, 50), quantile(meanwhile, 99), quantile(quiet, 50), quantile(quiet, 99))
	// Times are compared only in the long run: the other tests have the processors, too.
	if os.Getenv("SURFACE_SECONDS") != "" && quantile(meanwhile, 99) > 10*quantile(quiet, 99)+100*time.Millisecond {
		t.Errorf("p99 rose from %v to %v", quantile(quiet, 99), quantile(meanwhile, 99))
	}
	http.DefaultClient.CloseIdleConnections()
	devtest.Within(t, answerWait, "their goroutines end", func() bool { return s.gauge("go_goroutines") <= goroutines+moreGoroutines })
}

// watch asks whose a token is, again and again on one connection, and returns how long each
// answer took. It fails the test if one is not 200.
func (s *service) watch(token string, answers int) (took []time.Duration) {
	s.t.Helper()
	client := &http.Client{Timeout: answerWait, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range answers {
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+"/v1/accounts/me", nil)
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		sent := time.Now()
		answer, err := client.Do(r)
		if err != nil {
			s.t.Fatal(fmt.Errorf("another client was not answered: %w", err))
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		took = append(took, time.Since(sent))
		if answer.StatusCode != http.StatusOK {
			s.t.Fatalf("another client was answered with %d", answer.StatusCode)
		}
	}
	return took
}

func quantile(took []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[(len(sorted)-1)*percent/100]
}
