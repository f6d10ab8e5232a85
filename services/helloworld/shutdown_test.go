package main_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
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
			p := startAPI(t, devtest.Redis(t), func(s settings) { s["HELLOWORLD_SHUTDOWN_DELAY"] = delay })
			kept := devtest.Keep(t, strings.TrimPrefix(p.url, "http://"), map[string]int{
				"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}": 405,
				"GET / HTTP/1.1\r\nHost: x\r\n\r\n":                              200,
				"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n":                         401,
			})
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
			if delay != "0s" {
				devtest.Eventually(t, "readiness fails", func() bool { return p.call("GET", "/readyz", "", nil).status == http.StatusServiceUnavailable })
				kept.Draining()
			}
			<-p.ended
			kept.LostNothing(t)
			if !p.cmd.ProcessState.Success() {
				t.Errorf("it ended with %v: %s", p.cmd.ProcessState, p.log)
			}
		})
	}
}

// A request that two servers might read differently closes the connection, so that no body
// is read as the next request.
func TestAmbiguousRequestsCloseTheConnection(t *testing.T) {
	t.Parallel()
	p := startAPI(t, devtest.Redis(t))
	for name, request := range map[string]string{
		"both lengths":        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunked in HTTP/1.0": "POST / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
		"chunked twice":       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.2":            "GET / HTTP/1.2\r\nHost: x\r\n\r\n",
		"HTTP/2.0":            "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		_, _ = io.WriteString(conn, request+"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		r := bufio.NewReader(conn)
		response, err := http.ReadResponse(r, &http.Request{Method: "POST"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		if !response.Close || response.StatusCode < 400 {
			t.Errorf("%s: %s, closes: %v", name, response.Status, response.Close)
		}
		if rest, _ := io.ReadAll(r); len(rest) > 0 {
			t.Errorf("%s: the connection stayed open: %s", name, rest)
		}
	}
}
