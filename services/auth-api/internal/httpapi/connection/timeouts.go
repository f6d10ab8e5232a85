package connection

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"auth.books.test/internal/graceful"
)

// slack is how much later than configured a connection may time out.
const slack = time.Second

// Timeouts end connections on which nothing moves. fasthttp can do so as well, but it
// reads the clock three times and moves three timers at every request, almost always in
// vain: that costs as much as verifying a token (`make bench`, GET /verify against an
// empty answer; BenchmarkVerify).
type Timeouts struct {
	// Read bounds the wait for the first byte of a connection, and the time in which a
	// request arrives.
	Read time.Duration
	// Write bounds the time from a request to the end of its answer.
	Write time.Duration
	// Idle bounds the wait for the next request.
	Idle time.Duration
}

// Listener gives connections that have the timeouts.
func (t Timeouts) Listener(l net.Listener) net.Listener { return timedListener{l, t} }

// Conn gives a connection that has the timeouts.
func (t Timeouts) Conn(c net.Conn) net.Conn {
	return &timedConn{Conn: c, timeouts: t, lastRequest: time.Now(), waiting: t.Read}
}

// Handler tells the connection when a request came. Once the server drains, each answer
// is the last of its connection (RFC 9112, section 9.6).
func Handler(draining *atomic.Bool, next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		if conn, timed := ctx.Conn().(*timedConn); timed {
			conn.lastRequest, conn.timed = ctx.Time(), true
		}
		next(ctx)
		if draining.Load() {
			ctx.Response.Header.SetConnectionClose()
		}
	}
}

// Untouched says that no byte of the next request has come.
func Untouched(c net.Conn) bool {
	conn, timed := c.(*timedConn)
	return timed && conn.waiting != 0
}

// Linger has a connection take what the client still sends before it closes, so that
// the client can read the answer.
func Linger(c net.Conn) {
	if conn, timed := c.(*timedConn); timed {
		conn.lingers.Store(true)
	}
}

type timedListener struct {
	net.Listener
	timeouts Timeouts
}

func (l timedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.timeouts.Conn(conn), nil
}

// timedConn is used by one goroutine, as fasthttp uses its connections; Close may
// be called by any.
type timedConn struct {
	net.Conn
	timeouts Timeouts
	// lastRequest is when the latest request arrived, or when the connection opened.
	// timed is false if a response is written before its request was read completely,
	// for example a 413.
	lastRequest time.Time
	timed       bool
	// waiting is how long after lastRequest the first byte of the next request may
	// come; 0 while the rest of a request is read, which ends at due.
	waiting time.Duration
	due     time.Time
	// readDeadline and writeDeadline are those that the connection has: at most slack
	// later than they should be.
	readDeadline, writeDeadline time.Time
	// lingers is whether the client may still be sending when the connection closes.
	lingers atomic.Bool
}

func (c *timedConn) Read(b []byte) (int, error) {
	end := c.lastRequest.Add(c.waiting)
	if c.waiting == 0 {
		if c.due.IsZero() {
			c.due = time.Now().Add(c.timeouts.Read)
		}
		end = c.due
	}
	if err := set(&c.readDeadline, end, c.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.waiting = 0
	}
	return n, err
}

// continues is what a client may wait for before it sends the body. It is no answer
// yet, so it leaves the times of the request as they are.
const continues = "HTTP/1.1 100 Continue\r\n\r\n"

func (c *timedConn) Write(b []byte) (int, error) {
	if string(b) == continues {
		return c.Conn.Write(b)
	}
	if !c.timed {
		c.lastRequest = time.Now()
	}
	c.timed, c.waiting, c.due = false, c.timeouts.Idle, time.Time{}
	if err := set(&c.writeDeadline, c.lastRequest.Add(c.timeouts.Write), c.Conn.SetWriteDeadline); err != nil {
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

// SyscallConn gives access to the descriptor, see Gone.
func (c *timedConn) SyscallConn() (syscall.RawConn, error) {
	conn, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, syscall.EINVAL
	}
	return conn.SyscallConn()
}
