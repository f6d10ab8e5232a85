package connection

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"auth.books.test/internal/graceful"
)

// slack is how much later than configured a connection may time out. It saves moving a
// deadline that is already about right.
const slack = time.Second

// Timeouts end connections on which nothing moves. fasthttp has timeouts of its own, but
// reads the clock three times and moves three timers at every request, almost always in
// vain. That costs as much as verifying a token (`make bench`, GET /verify against an
// empty answer; BenchmarkVerify).
type Timeouts struct {
	// Read bounds the time from accepting a connection to its first byte, and the time
	// from the first to the last byte of a request.
	Read time.Duration
	// Write bounds the time from a request to the end of its answer.
	Write time.Duration
	// Idle bounds the time from an answer to the first byte of the next request.
	Idle time.Duration
}

// Listener wraps a listener; its connections have the timeouts.
func (t Timeouts) Listener(l net.Listener) net.Listener { return timedListener{l, t} }

// Conn wraps a connection, so that it has the timeouts.
func (t Timeouts) Conn(c net.Conn) net.Conn {
	return &timedConn{Conn: c, timeouts: t, lastRequest: time.Now(), waiting: t.Read}
}

// Handler tells the connection when a request arrived. While the server drains, each
// answer closes its connection (RFC 9112, section 9.6).
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

// Untouched says that no byte of the next request has arrived.
func Untouched(c net.Conn) bool {
	conn, timed := c.(*timedConn)
	return timed && conn.waiting != 0
}

// Linger makes Close read what the client still sends. Closing with unread data would
// reset the connection, and the client might lose the answer.
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

// timedConn is used by one goroutine, as fasthttp uses its connections. Only Close may
// be called by any goroutine.
type timedConn struct {
	net.Conn
	timeouts Timeouts
	// lastRequest is when the latest request arrived, or when the connection opened.
	// timed is false if a response is written before its request was read completely,
	// for example a 413.
	lastRequest time.Time
	timed       bool
	// waiting is how long after lastRequest the first byte of the next request may
	// arrive. It is 0 while a request is being read; then due is the deadline.
	waiting time.Duration
	due     time.Time
	// readDeadline and writeDeadline are the deadlines set on Conn: at most slack later
	// than they should be.
	readDeadline, writeDeadline time.Time
	// lingers says that the client may still be sending when the connection closes.
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
	if err := move(&c.readDeadline, end, c.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.waiting = 0
	}
	return n, err
}

// continueResponse is what a client may wait for before it sends the body. It is not
// the answer yet, so it changes no deadline.
const continueResponse = "HTTP/1.1 100 Continue\r\n\r\n"

func (c *timedConn) Write(b []byte) (int, error) {
	if string(b) == continueResponse {
		return c.Conn.Write(b)
	}
	if !c.timed {
		c.lastRequest = time.Now()
	}
	c.timed, c.waiting, c.due = false, c.timeouts.Idle, time.Time{}
	if err := move(&c.writeDeadline, c.lastRequest.Add(c.timeouts.Write), c.Conn.SetWriteDeadline); err != nil {
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

// move moves a deadline to slack after end, unless current is at most slack after it
// already. Moving a timer is what costs, see Timeouts.
func move(current *time.Time, end time.Time, set func(time.Time) error) error {
	if late := current.Sub(end); late >= 0 && late <= slack {
		return nil
	}
	next := end.Add(slack)
	if err := set(next); err != nil {
		return err
	}
	*current = next
	return nil
}

// SyscallConn gives access to the file descriptor, for Gone.
func (c *timedConn) SyscallConn() (syscall.RawConn, error) {
	conn, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, syscall.EINVAL
	}
	return conn.SyscallConn()
}
