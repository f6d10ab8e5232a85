package graceful

import (
	"net"
	"sync/atomic"
	"syscall"
)

// conn is a connection that counts toward the limit.
type conn struct {
	net.Conn
	of *Listener
	// received is whether anything was received.
	received atomic.Bool
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.received.Load() {
		c.received.Store(true)
	}
	return n, err
}

// Close may be called more than once.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	delete(c.of.open, c)
	return err
}

// CloseWrite closes the connection for writing. Reading remains possible.
func (c *conn) CloseWrite() error {
	if half, can := c.Conn.(interface{ CloseWrite() error }); can {
		return half.CloseWrite()
	}
	return syscall.EINVAL
}

// SyscallConn gives access to the descriptor, for system calls that package net lacks.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if raw, is := c.Conn.(syscall.Conn); is {
		return raw.SyscallConn()
	}
	return nil, syscall.EINVAL
}
