package devtest

import (
	"net"
	"testing"
	"time"
)

// dialTimeout bounds all that a test does on one connection.
const dialTimeout = 20 * time.Second

// Dial opens a TCP connection, which is closed at the end of the test.
func Dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(dialTimeout))
	return conn
}
