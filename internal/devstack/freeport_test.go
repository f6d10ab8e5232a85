package devstack_test

import (
	"net"
	"strconv"
	"testing"

	"auth.books.test/internal/devstack"
)

// The kernel gives outgoing connections ports of its own range, between the moment in which
// a port was found and the moment in which a program listens on it.
func TestFreePortIsNoneThatConnectionsGet(t *testing.T) {
	t.Parallel()
	for range 200 {
		port, err := devstack.FreePort("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if port < 15_000 || port >= 30_000 {
			t.Fatalf("port %d", port)
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
}
