package devstack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Ports in this range are not given to outgoing connections by Linux (from 32768), macOS or
// Windows (from 49152), nor to services by Kubernetes (from 30000).
const firstPort, portsEnd = 15_000, 30_000

// FreePort finds a port at an address that nobody listens on, for a program that cannot
// listen on port 0. Such a port is taken only when the program listens: one that the kernel
// chose could meanwhile become the local port of somebody's connection, and did.
func FreePort(host string) (int, error) {
	const tries = 100
	for range tries {
		port := firstPort + rand.IntN(portsEnd-firstPort)
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
		return port, l.Close()
	}
	return 0, fmt.Errorf("find a free port: %d of %s are taken", tries, host)
}
