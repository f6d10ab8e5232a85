package httpapi

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"auth.books.test/internal/graceful"
)

// slack is how much later than said a connection may time out.
const slack = time.Second

// timeouts end connections on which nothing moves. fasthttp can do so as well, but
// reads the clock three times and moves three timers at every request, almost
// always in vain: that costs as much as it does to verify a token.
type timeouts struct {
	// read bounds the first byte of a connection, and how long a request takes to
	// come; write how long an answer takes from its request; idle how long the next
	// request may be awaited after the last.
	read, write, idle time.Duration
}

// over gives a listener whose connections have the timeouts.
func (t timeouts) over(l net.Listener) net.Listener { return timedListener{l, t} }

// noting has the connection know when a request came. Once the server drains, each
// answer is the last of its connection (RFC 9112, section 9.6).
func (s *Server) noting(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		if conn, timed := ctx.Conn().(*timedConn); timed {
			conn.asked, conn.noted = ctx.Time(), true
		}
		next(ctx)
		if s.draining.Load() {
			ctx.Response.Header.SetConnectionClose()
		}
	}
}

type timedListener struct {
	net.Listener
	timeouts
}

func (l timedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return newTimedConn(conn, l.timeouts), nil
}

// timedConn is used by one goroutine, as fasthttp uses its connections; Close may
// be called by any.
type timedConn struct {
	net.Conn
	timeouts
	// asked is when the last request came, before the first the connection; noted
	// says that it is known of the request that is to be answered. It is not if the
	// answer comes before the request is read.
	asked time.Time
	noted bool
	// waiting is how long the first byte of a request may take from then; 0 while
	// the rest of it is read, which is to end at due.
	waiting time.Duration
	due     time.Time
	// What is set: no more than the slack later than it should be.
	reading, writing time.Time
	// lingers is whether the client may still be sending when the connection closes.
	lingers atomic.Bool
}

func newTimedConn(conn net.Conn, t timeouts) *timedConn {
	return &timedConn{Conn: conn, timeouts: t, asked: time.Now(), waiting: t.read}
}

func (c *timedConn) Read(b []byte) (int, error) {
	end := c.asked.Add(c.waiting)
	if c.waiting == 0 {
		if c.due.IsZero() {
			c.due = time.Now().Add(c.read)
		}
		end = c.due
	}
	if err := set(&c.reading, end, c.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.waiting = 0
	}
	return n, err
}

// untouched says that no byte of the next request has come.
func (c *timedConn) untouched() bool { return c.waiting != 0 }

// goOn is what a client may wait for before it sends the body: no answer yet, so the
// request has as much time as any other.
const goOn = "HTTP/1.1 100 Continue\r\n\r\n"

func (c *timedConn) Write(b []byte) (int, error) {
	if string(b) == goOn {
		return c.Conn.Write(b)
	}
	if !c.noted {
		c.asked = time.Now()
	}
	c.noted, c.waiting, c.due = false, c.idle, time.Time{}
	if err := set(&c.writing, c.asked.Add(c.write), c.Conn.SetWriteDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// Close may be called more than once.
func (c *timedConn) Close() error {
	if c.lingers.Swap(false) {
		return graceful.Linger(c.Conn, slack)
	}
	return c.Conn.Close()
}

// set moves a deadline, if it is not about there already.
func set(at *time.Time, end time.Time, move func(time.Time) error) error {
	if late := at.Sub(end); late >= 0 && late <= slack {
		return nil
	}
	next := end.Add(slack)
	if err := move(next); err != nil {
		return err
	}
	*at = next
	return nil
}

// SyscallConn lets others look at the connection, see isGone.
func (c *timedConn) SyscallConn() (syscall.RawConn, error) {
	conn, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, syscall.EINVAL
	}
	return conn.SyscallConn()
}
