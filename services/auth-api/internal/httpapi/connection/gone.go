package connection

import (
	"net"
	"syscall"
	"time"
)

// halfCloseTime tells a half-closed connection from an abandoned one. A client that has
// sent everything but still reads, such as `nc -N`, closes its side together with the
// request. A client that gives up waiting closes it later.
const halfCloseTime = 500 * time.Millisecond

// Gone returns a function that says whether the client is gone, without reading from
// the connection. It is nil if the connection has no file descriptor.
func Gone(conn net.Conn) func() bool {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	return func() bool {
		control, err := raw.SyscallConn()
		if err != nil {
			return false
		}
		gone := false
		_ = control.Control(func(fd uintptr) { gone = isGone(int(fd)) })
		return gone
	}
}
