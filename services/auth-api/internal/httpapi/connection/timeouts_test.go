package connection_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/httpapi/connection"
)

const soon = 200 * time.Millisecond

// testTimeout is when a test gives up.
const testTimeout = 20 * time.Second

// still is a connection that only counts how often its deadlines are set.
type still struct {
	net.Conn
	read, write int
	err         error
}

func (s *still) SetReadDeadline(time.Time) error  { s.read++; return s.err }
func (s *still) SetWriteDeadline(time.Time) error { s.write++; return s.err }
func (s *still) Read(b []byte) (int, error)       { return len(b), nil }
func (s *still) Write(b []byte) (int, error)      { return len(b), nil }

func TestRequestsInARowMoveFewTimers(t *testing.T) {
	t.Parallel()
	under := &still{}
	conn := connection.Timeouts{Read: 10 * time.Second, Write: 30 * time.Second, Idle: 2 * time.Minute}.Conn(under)
	began := time.Now()
	for range 10_000 {
		_, _ = conn.Read(make([]byte, 1))
		_, _ = conn.Write(make([]byte, 1))
	}
	// One of each a second, and those of the first request.
	if most := 3 + int(time.Since(began)/time.Second); under.read > most || under.write > most {
		t.Errorf("%d deadlines to read and %d to write, want %d at most", under.read, under.write, most)
	}
}

func TestDeadlineThatCannotBeSetIsAnError(t *testing.T) {
	t.Parallel()
	conn := connection.Timeouts{Read: time.Second, Write: time.Second, Idle: time.Second}.Conn(&still{err: net.ErrClosed})
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read: %v", err)
	}
	if _, err := conn.Write(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write: %v", err)
	}
}

func TestUnreadAnswerTimesOut(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	conn := connection.Timeouts{Read: time.Hour, Write: soon, Idle: time.Hour}.Conn(near)
	began := time.Now()
	if _, err := conn.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took < soon || took > testTimeout {
		t.Errorf("after %v", took)
	}
}

// Gone needs the descriptor, to see whether the client has closed the connection.
func TestDescriptorOfTheConnectionIsReachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	conn := connection.Timeouts{Read: 1, Write: 1, Idle: 1}.Conn(devtest.Dial(t, l.Addr().String()))
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil || raw.Control(func(uintptr) {}) != nil {
		t.Error(err)
	}
	near, _ := net.Pipe()
	piped := connection.Timeouts{Read: 1, Write: 1, Idle: 1}.Conn(near)
	if _, err := piped.(syscall.Conn).SyscallConn(); err == nil {
		t.Error("a pipe has no descriptor")
	}
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}
