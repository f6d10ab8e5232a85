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

// DrainTime is the recommended limit of Wait: how long clients may still use their
// connections after Stop. Closing a connection while a request is in flight fails the
// request.
const DrainTime = 500 * time.Millisecond

const (
	// handshakeTime is how long Stop waits for handshakes in progress before it closes the
	// listener, which resets connections that are not yet accepted.
	handshakeTime = 100 * time.Millisecond
	// retryAfter is the pause after an accept that failed for a temporary reason, such as a
	// lack of file descriptors.
	retryAfter = 20 * time.Millisecond
	// refusalTime and maxRefusals limit the responses to connections over the limit.
	// Connections beyond maxRefusals are closed without a response.
	refusalTime = time.Second
	maxRefusals = 64
)

// Refusal is the complete HTTP response that is sent on a connection over the limit.
const Refusal = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nCache-Control: no-store\r\n" +
	"Content-Type: application/problem+json\r\nContent-Length: 130\r\n\r\n" +
	`{"title":"Service Unavailable","status":503,"code":"busy","detail":"Too many connections are open here. Try again in a moment."}` + "\r\n"

// Listener accepts connections up to a limit of open ones.
type Listener struct {
	net.Listener
	limit    int
	refusals chan struct{}
	refused  atomic.Uint64
	close    func() error

	mu   sync.Mutex // guards open
	open map[*conn]struct{}
}

// Listen listens on TCP. It disables Multipath TCP, which Go uses by default and which does
// not support the socket filter that Stop needs.
func Listen(addr string) (net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	return config.Listen(context.Background(), "tcp", addr)
}

// NewListener wraps l. The limit is how many connections may be open at once.
func NewListener(l net.Listener, limit int) *Listener {
	return &Listener{
		Listener: l, limit: limit, refusals: make(chan struct{}, maxRefusals), open: map[*conn]struct{}{},
		close: sync.OnceValue(l.Close),
	}
}

// Accept waits for the next connection within the limit. It continues after temporary
// errors, so that a client cannot end the server by using up all file descriptors.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		switch {
		case isTemporary(err):
			time.Sleep(retryAfter)
		case err != nil:
			return nil, err
		default:
			if counted := l.track(c); counted != nil {
				return counted, nil
			}
			l.refuse(c)
		}
	}
}

func isTemporary(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// track counts a connection, or returns nil if the limit is reached.
func (l *Listener) track(c net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= l.limit {
		return nil
	}
	counted := &conn{Conn: c, of: l}
	l.open[counted] = struct{}{}
	return counted
}

// refuse sends the Refusal on a connection over the limit, in the background.
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

// Linger closes a connection after its last response. Before that it reads what the client
// still sends, for at most the given time. Otherwise the kernel would reset the connection,
// and the client could lose the response (RFC 9112, section 9.6).
func Linger(c net.Conn, limit time.Duration) error {
	if half, can := c.(interface{ CloseWrite() error }); can && half.CloseWrite() == nil {
		_ = c.SetReadDeadline(time.Now().Add(limit))
		_, _ = io.CopyN(io.Discard, c, 256<<10)
	}
	return c.Close()
}

// Close stops listening at once. Only the first call has an effect.
func (l *Listener) Close() error { return l.close() }

// Open is how many connections are open.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// Refused is how many connections were refused because of the limit.
func (l *Listener) Refused() uint64 { return l.refused.Load() }

// Stop stops accepting connections and keeps the open ones. First the kernel refuses new
// handshakes, then connections whose handshake had begun are accepted, then the listener
// closes. Later clients cannot connect, and none is reset.
func (l *Listener) Stop(ctx context.Context) error {
	if raw, is := l.Listener.(syscall.Conn); is {
		refuseNew(raw)
	}
	select {
	case <-ctx.Done():
	case <-time.After(handshakeTime):
	}
	return l.Close()
}

// Wait returns when no connection is open, or after the limit. In that case it closes the
// connections on which nothing was ever received.
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
		if !c.received.Load() {
			silent = append(silent, c)
		}
	}
	l.mu.Unlock()
	for _, c := range silent {
		_ = c.Close()
	}
}
