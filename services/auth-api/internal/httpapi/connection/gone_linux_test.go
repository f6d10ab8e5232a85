package connection_test

import (
	"net"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/httpapi/connection"
)

const atOnce = "half closed at once"

func TestClosedStreamMeansClientGoneOnlyIfItComesLate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(*testing.T, *net.TCPConn)
		gone bool
	}{
		"it waits":                 {func(*testing.T, *net.TCPConn) {}, false},
		"it sends more":            {func(t *testing.T, c *net.TCPConn) { send(t, c, "more") }, false},
		atOnce:                     {func(_ *testing.T, c *net.TCPConn) { _ = c.CloseWrite() }, false},
		"half closed after a wait": {func(_ *testing.T, c *net.TCPConn) { wait(); _ = c.CloseWrite() }, true},
		"closed after a wait":      {func(_ *testing.T, c *net.TCPConn) { wait(); _ = c.Close() }, true},
		"reset at once":            {func(_ *testing.T, c *net.TCPConn) { _ = c.SetLinger(0); _ = c.Close() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			client := devtest.Dial(t, l.Addr().String()).(*net.TCPConn)
			server, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			send(t, client, "request")
			if name == atOnce {
				// Close first: on a busy machine anything else may take long.
				c.end(t, client)
			}
			if _, err := server.Read(make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
			gone := connection.Gone(connection.Timeouts{Read: time.Hour, Write: time.Hour, Idle: time.Hour}.Conn(server))
			if !c.gone && gone() {
				t.Error("gone while it waits")
			}
			c.end(t, client)
			for end := time.Now().Add(soon); gone() != c.gone || !c.gone && time.Now().Before(end); time.Sleep(time.Millisecond) {
				if time.Now().After(end.Add(testTimeout)) {
					t.Fatalf("gone: %v", !c.gone)
				}
			}
			if gone() != c.gone {
				t.Errorf("gone: %v", !c.gone)
			}
		})
	}
}

// wait is longer than halfCloseTime. The kernel measures the time, so a fake clock would
// not do.
func wait() { time.Sleep(700 * time.Millisecond) }
