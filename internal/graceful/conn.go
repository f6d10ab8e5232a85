package graceful

import (
	"net"
	"sync/atomic"
	"syscall"
)

// conn is a connection that counts.
type conn struct {
	net.Conn
	of *Listener
	// heard is whether anything has been received.
	heard atomic.Bool
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.heard.Load() {
		c.heard.Store(true)
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

// CloseWrite sends the end of what is written; reading goes on.
func (c *conn) CloseWrite() error {
	if half, can := c.Conn.(interface{ CloseWrite() error }); can {
		return half.CloseWrite()
	}
	return syscall.EINVAL
}

// SyscallConn gives the descriptor, for what package net does not know.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if raw, is := c.Conn.(syscall.Conn); is {
		return raw.SyscallConn()
	}
	return nil, syscall.EINVAL
}
