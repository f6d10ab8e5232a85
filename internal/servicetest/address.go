package servicetest

import (
	"net"
	"strconv"
	"testing"

	"auth.books.test/internal/devstack"
)

// Address is a free address on loopback, for a program that has to know its own before it
// listens.
func Address(t testing.TB) string {
	t.Helper()
	port, err := devstack.FreePort("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
