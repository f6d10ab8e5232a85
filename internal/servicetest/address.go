package servicetest

import (
	"net"
	"testing"
)

// Address is a free address on loopback, for a program that has to know its own before it
// listens. Another process could take it meanwhile, which the kernel makes unlikely.
func Address(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
