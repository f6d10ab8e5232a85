package main_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// keeper is a client that keeps its connection and never sends a request twice.
type keeper struct {
	addr, request string
	status        int
	pause         time.Duration
	// draining is set once readiness has failed.
	draining     *atomic.Bool
	sent, failed atomic.Int64
	why          atomic.Value
}

// run asks until the server cannot be connected to.
func (k *keeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", k.addr)
		if err != nil {
			return
		}
		if err := k.use(ctx, conn); err != nil {
			k.failed.Add(1)
			k.why.Store(err)
		}
		_ = conn.Close()
	}
}

// use asks on a connection until an answer says that it closes.
func (k *keeper) use(ctx context.Context, conn net.Conn) error {
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	for r := bufio.NewReader(conn); ctx.Err() == nil; time.Sleep(k.pause) {
		draining := k.draining.Load()
		k.sent.Add(1)
		if _, err := io.WriteString(conn, k.request); err != nil {
			return err
		}
		response, err := http.ReadResponse(r, &http.Request{Method: k.request[:strings.IndexByte(k.request, ' ')]})
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode != k.status {
			return fmt.Errorf("status %s, want %d", response.Status, k.status)
		}
		if response.Close {
			return nil
		}
		if draining {
			return fmt.Errorf("an answer while the service stops does not close its connection")
		}
	}
	return nil
}

func TestClientsThatKeepConnectionsLoseNothingAtAStop(t *testing.T) {
	t.Parallel()
	for _, delay := range []string{"0s", "1s"} {
		t.Run("delay "+delay, func(t *testing.T) {
			t.Parallel()
			a := start(t, func(s settings) { s["AUTH_API_SHUTDOWN_DELAY"] = delay })
			token, _ := a.member()
			a.must("api", "create", "books", "--scope", "books:read")
			const body = `{"email":"nobody"}`
			post := fmt.Sprintf("POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			get := "GET /v1/accounts/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n"
			door := "GET /verify?api=auth HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n"
			var draining atomic.Bool
			var all sync.WaitGroup
			var keepers []*keeper
			for i := range 30 {
				k := &keeper{addr: strings.TrimPrefix(a.url, "http://"), draining: &draining, request: post, status: 422, pause: time.Duration(i) * 5 * time.Millisecond}
				switch i % 3 {
				case 1:
					k.request, k.status = get, 200
				case 2:
					k.request, k.status = door, statusOf(a, "/verify?api=auth", token)
				}
				keepers = append(keepers, k)
				all.Go(func() { k.run(t.Context()) })
			}
			eventually(t, "all clients are at work", func() bool {
				for _, k := range keepers {
					if k.sent.Load() < 3 {
						return false
					}
				}
				return true
			})
			_ = a.cmd.Process.Signal(syscall.SIGTERM)
			if delay != "0s" {
				eventually(t, "readiness fails", func() bool { return a.call("GET", "/readyz", "", nil).status == http.StatusServiceUnavailable })
				draining.Store(true)
			}
			<-a.ended
			all.Wait()
			var sent, failed int64
			for _, k := range keepers {
				sent += k.sent.Load()
				if n := k.failed.Load(); n > 0 {
					failed += n
					t.Errorf("%.24s…: %v", k.request, k.why.Load())
				}
			}
			t.Logf("%d requests, %d failed", sent, failed)
			if !a.cmd.ProcessState.Success() {
				t.Errorf("it ended with %v: %s", a.cmd.ProcessState, a.log)
			}
		})
	}
}

func statusOf(a *api, path, token string) int { return a.call("GET", path, token, nil).status }

// A client that has sent all it wants to may end its stream, as `nc -N` does, and
// still waits for the answer.
func TestHalfClosedClientsAreAnswered(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["PASSWORD_SLOTS"] = "1" })
	a.member()
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
	request := fmt.Sprintf("POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			_, _ = io.WriteString(conn, request)
			_ = conn.(*net.TCPConn).CloseWrite()
			answer, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 201 ") {
				t.Errorf("%.300s, %v", answer, err)
			}
		})
	}
	all.Wait()
	if log := a.log.String(); strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("a stranger rang the alarm: %s", log)
	}
}

// Clients that reset the connection are gone: nobody hashes a password for them, and
// nothing is reported as broken.
func TestClientsThatGiveUpCostNothingAndRaiseNoAlarm(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) {
		s["PASSWORD_SLOTS"], s["PASSWORD_TIME"], s["PASSWORD_MEMORY_KIB"] = "1", "10", "131072"
	})
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
	request := fmt.Sprintf("POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	var conns []*net.TCPConn
	for range 6 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn.(*net.TCPConn))
		_, _ = io.WriteString(conn, request)
	}
	eventually(t, "five wait for the first", func() bool { return strings.HasSuffix(a.metric("auth_hash_queued"), " 5") })
	for _, conn := range conns {
		_ = conn.SetLinger(0)
		_ = conn.Close()
	}
	eventually(t, "those who wait are dropped", func() bool { return strings.HasSuffix(a.metric("auth_hash_dropped_total"), " 5") })
	eventually(t, "their requests are in the log", func() bool { return strings.Count(a.log.String(), `"code":"client_gone"`) == 5 })
	if log := a.log.String(); strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("a stranger rang the alarm: %s", log)
	}
}
