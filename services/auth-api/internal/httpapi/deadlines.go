package httpapi

import (
	"net"
	"syscall"
	"time"
)

// slack is how much later than asked a connection may time out.
const slack = time.Second

// unhurried is a listener whose connections hand a deadline on only when a read
// or a write is about to rely on it, and only if it is not the one that is set
// already, give or take the slack. fasthttp sets three at every request, almost
// always in vain: the timers of the runtime would cost as much as verifying a
// token does.
type unhurried struct{ net.Listener }

func (u unhurried) Accept() (net.Conn, error) {
	conn, err := u.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &unhurriedConn{Conn: conn}, nil
}

// unhurriedConn is used by one goroutine, as fasthttp uses its connections; Close
// may be called by any.
type unhurriedConn struct {
	net.Conn
	read, write deadline
}

func (c *unhurriedConn) Read(b []byte) (int, error) {
	if err := c.read.setBy(c.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *unhurriedConn) Write(b []byte) (int, error) {
	if err := c.write.setBy(c.Conn.SetWriteDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *unhurriedConn) SetReadDeadline(t time.Time) error {
	c.read.wanted = t
	return nil
}

func (c *unhurriedConn) SetWriteDeadline(t time.Time) error {
	c.write.wanted = t
	return nil
}

func (c *unhurriedConn) SetDeadline(t time.Time) error {
	c.read.wanted, c.write.wanted = t, t
	return nil
}

// SyscallConn lets others look at the connection, see departed.
func (c *unhurriedConn) SyscallConn() (syscall.RawConn, error) {
	conn, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, syscall.EINVAL
	}
	return conn.SyscallConn()
}

// deadline is one that is wanted, and the one that is set. None is the zero time.
type deadline struct{ wanted, set time.Time }

func (d *deadline) setBy(set func(time.Time) error) error {
	if late := d.set.Sub(d.wanted); d.wanted.IsZero() == d.set.IsZero() && late >= 0 && late <= slack {
		return nil
	}
	next := d.wanted
	if !next.IsZero() {
		next = next.Add(slack)
	}
	if err := set(next); err != nil {
		return err
	}
	d.set = next
	return nil
}
