package connection

import (
	"net"
	"syscall"
	"time"
)

// halfCloseTime is how long after the request a client may send the end of its
// stream and still be taken for one that waits for its answer. One that has sent all
// it wants to, such as `nc -N`, says so with the request; one that gives up waiting
// does so later.
const halfCloseTime = 500 * time.Millisecond

// Gone gives a function that says whether the client is gone, without reading from the
// connection. It is nil if that cannot be known.
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
