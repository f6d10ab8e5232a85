package graceful

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// LastCall is how long clients should still be let use a kept connection after Stop,
// see Wait. A connection that is closed while a request is on its way fails that
// request.
const LastCall = 500 * time.Millisecond

const (
	// settleTime is how long handshakes that have begun may take to finish before
	// the listener closes: closing resets those that have not been accepted.
	settleTime = 100 * time.Millisecond
	// retryAfter is the pause after an accept that failed for want of something
	// that comes back, such as file descriptors.
	retryAfter = 20 * time.Millisecond
	// refusalTime and refusalsAtOnce bound the answers to connections over the
	// limit. What is over that is closed without an answer.
	refusalTime    = time.Second
	refusalsAtOnce = 64
)

// Refusal is the whole HTTP response that a connection over the limit is sent.
const Refusal = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nCache-Control: no-store\r\n" +
	"Content-Type: application/problem+json\r\nContent-Length: 130\r\n\r\n" +
	`{"title":"Service Unavailable","status":503,"code":"busy","detail":"Too many connections are open here. Try again in a moment."}` + "\r\n"

// Listener gives out at most Limit connections at a time.
type Listener struct {
	net.Listener
	limit    int
	refusals chan struct{}
	refused  atomic.Uint64
	close    func() error

	mu   sync.Mutex
	open map[*conn]struct{} // guarded by mu
}

// Listen listens on TCP. It does without Multipath TCP, which Go uses where it can
// and which refuses the filter that Stop needs.
func Listen(addr string) (net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	return config.Listen(context.Background(), "tcp", addr)
}

// NewListener wraps l. Limit is how many connections may be open at once.
func NewListener(l net.Listener, limit int) *Listener {
	return &Listener{
		Listener: l, limit: limit, refusals: make(chan struct{}, refusalsAtOnce), open: map[*conn]struct{}{},
		close: sync.OnceValue(l.Close),
	}
}

// Accept waits for the next connection within the limit. It goes on after errors
// that pass, so that a client cannot end the server by opening connections until
// there is no file descriptor left.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		switch {
		case passes(err):
			time.Sleep(retryAfter)
		case err != nil:
			return nil, err
		default:
			if kept := l.keep(c); kept != nil {
				return kept, nil
			}
			l.refuse(c)
		}
	}
}

func passes(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

func (l *Listener) keep(c net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= l.limit {
		return nil
	}
	kept := &conn{Conn: c, of: l}
	l.open[kept] = struct{}{}
	return kept
}

// refuse answers on a connection over the limit without making others wait.
func (l *Listener) refuse(c net.Conn) {
	l.refused.Add(1)
	select {
	case l.refusals <- struct{}{}:
	default:
		_ = c.Close()
		return
	}
	go func() {
		defer func() { <-l.refusals }()
		_ = c.SetDeadline(time.Now().Add(refusalTime))
		_, _ = io.WriteString(c, Refusal)
		_ = Linger(c, refusalTime)
	}()
}

// Linger closes a connection after its last answer. It first takes what the client
// still sends, for the given time at most: otherwise the kernel would reset the
// connection, and the client lose the answer (RFC 9112, section 9.6).
func Linger(c net.Conn, limit time.Duration) error {
	if half, can := c.(interface{ CloseWrite() error }); can && half.CloseWrite() == nil {
		_ = c.SetReadDeadline(time.Now().Add(limit))
		_, _ = io.CopyN(io.Discard, c, 256<<10)
	}
	return c.Close()
}

// Close stops listening at once. Only the first call does something.
func (l *Listener) Close() error { return l.close() }

// Open is how many connections are open.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// Refused is how many connections were over the limit.
func (l *Listener) Refused() uint64 { return l.refused.Load() }

// Stop takes no new connections. Whoever has one keeps it: first the kernel is told
// to take no new ones, then those whose handshake had begun are accepted, then the
// listener closes. A client that comes later cannot connect; none is reset.
func (l *Listener) Stop(ctx context.Context) error {
	if raw, is := l.Listener.(syscall.Conn); is {
		refuseNew(raw)
	}
	select {
	case <-ctx.Done():
	case <-time.After(settleTime):
	}
	return l.Close()
}

// Wait returns when no connection is open, or when the time is over. Then it closes
// those on which nothing has ever been received.
func (l *Listener) Wait(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for l.Open() > 0 {
		select {
		case <-ctx.Done():
			l.closeSilent()
			return
		case <-tick.C:
		}
	}
}

func (l *Listener) closeSilent() {
	l.mu.Lock()
	var silent []*conn
	for c := range l.open {
		if !c.heard.Load() {
			silent = append(silent, c)
		}
	}
	l.mu.Unlock()
	for _, c := range silent {
		_ = c.Close()
	}
}
