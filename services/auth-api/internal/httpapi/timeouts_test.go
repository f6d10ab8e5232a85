package httpapi_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

const soon = 200 * time.Millisecond

// testTimeout is when a test gives up.
const testTimeout = 20 * time.Second

// listening serves with other timeouts, and gives the address.
func listening(t *testing.T, read, write, idle time.Duration) string {
	t.Helper()
	d := newDoor(t)
	d.server.Shorten(read, write, idle)
	return d.listen(t)
}

// listen serves until the end of the test, and gives the address.
func (d *door) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.server.Serve(l) }()
	t.Cleanup(func() {
		if err := d.server.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
		_ = l.Close() // A server that has not begun to serve does not know its listener yet.
		<-ended
	})
	return l.Addr().String()
}

// closed waits until the other side closes, and says how long that took.
func closed(t *testing.T, conn net.Conn) time.Duration {
	t.Helper()
	began := time.Now()
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("still open after %v", time.Since(began))
	}
	return time.Since(began)
}

const asking = "GET /verify?api=books HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n"

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

func answered(t *testing.T, conn net.Conn, status int) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != status {
		t.Fatalf("%v, %v; want %d", response, err, status)
	}
}

func TestConnectionsOnWhichNothingMovesAreClosed(t *testing.T) {
	t.Parallel()
	long := time.Hour
	for name, c := range map[string]struct {
		read, idle time.Duration
		do         func(*testing.T, net.Conn)
	}{
		"nothing is ever sent": {soon, long, func(*testing.T, net.Conn) {}},
		"half a request":       {soon, long, func(t *testing.T, conn net.Conn) { send(t, conn, asking[:40]) }},
		"half of the second request": {soon, long, func(t *testing.T, conn net.Conn) {
			send(t, conn, asking)
			answered(t, conn, 204)
			send(t, conn, asking[:40])
		}},
		"no second request": {long, soon, func(t *testing.T, conn net.Conn) {
			send(t, conn, asking)
			answered(t, conn, 204)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := devtest.Dial(t, listening(t, c.read, long, c.idle))
			c.do(t, conn)
			if took := closed(t, conn); took < soon/2 {
				t.Errorf("closed at once, after %v", took)
			}
		})
	}
}

// A client that sends single bytes now and then has no more time than others.
func TestSlowRequestIsCutOff(t *testing.T) {
	t.Parallel()
	conn := devtest.Dial(t, listening(t, soon, time.Hour, time.Hour))
	ticker := time.NewTicker(soon / 4)
	defer ticker.Stop()
	began := time.Now()
	for _, c := range "GET /verify?api=" + strings.Repeat("x", 4000) {
		<-ticker.C
		if _, err := conn.Write([]byte(string(c))); err != nil {
			return // closed
		}
		if time.Since(began) > testTimeout/2 {
			t.Fatal("it goes on and on")
		}
	}
}

func TestTimeoutsDoNotCloseConnectionsInUse(t *testing.T) {
	t.Parallel()
	conn := devtest.Dial(t, listening(t, soon, soon, testTimeout))
	for range 3 {
		send(t, conn, asking)
		answered(t, conn, 204)
		// Longer than a request or an answer may take, slack included.
		time.Sleep(soon + 1100*time.Millisecond)
	}
	// A request that is refused before it is read has as much time for its answer.
	send(t, conn, "nonsense\r\n\r\n")
	answered(t, conn, 400)
}
