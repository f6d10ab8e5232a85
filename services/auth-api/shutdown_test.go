package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

func TestClientsThatKeepConnectionsLoseNothingAtAStop(t *testing.T) {
	t.Parallel()
	for _, delay := range []string{"0s", "1s"} {
		t.Run("delay "+delay, func(t *testing.T) {
			t.Parallel()
			a := start(t, openToAll, func(s settings) { s["AUTH_API_SHUTDOWN_DELAY"] = delay })
			token, _ := a.member()
			a.must("api", "create", "books", "--scope", "books:read")
			const body = `{"email":"nobody"}`
			authorization := " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n"
			kept := devtest.Keep(t, strings.TrimPrefix(a.url, "http://"), map[string]int{
				fmt.Sprintf("POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body): 422,
				"GET /v1/accounts/me" + authorization:   200,
				"GET /verify?api=books" + authorization: 403,
				"GET /verify" + authorization:           a.call("GET", "/verify", token, nil).status,
			})
			_ = a.cmd.Process.Signal(syscall.SIGTERM)
			if delay != "0s" {
				devtest.Eventually(t, "readiness fails", func() bool { return a.call("GET", "/readyz", "", nil).status == http.StatusServiceUnavailable })
				kept.Draining()
			}
			<-a.ended
			kept.LostNothing(t)
			if !a.cmd.ProcessState.Success() {
				t.Errorf("it ended with %v: %s", a.cmd.ProcessState, a.log)
			}
		})
	}
}

// A client that has sent all it wants to may end its stream, as `nc -N` does, and
// still waits for the answer.
func TestHalfClosedClientsAreAnswered(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["PASSWORD_SLOTS"] = "1" })
	a.member()
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
	request := fmt.Sprintf("POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	var all sync.WaitGroup
	for range 3 {
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
	devtest.Eventually(t, "five wait for the first", func() bool { return strings.HasSuffix(a.metric("auth_hash_queued"), " 5") })
	for _, conn := range conns {
		_ = conn.SetLinger(0)
		_ = conn.Close()
	}
	devtest.Eventually(t, "those who wait are dropped", func() bool { return strings.HasSuffix(a.metric("auth_hash_dropped_total"), " 5") })
	devtest.Eventually(t, "their requests are in the log", func() bool { return strings.Count(a.log.String(), `"code":"client_gone"`) == 5 })
	if log := a.log.String(); strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("a stranger rang the alarm: %s", log)
	}
}
