package httpapi_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/httpapi"
)

// noted is a connection that notes which deadlines it is given.
type noted struct {
	net.Conn
	read, write []time.Time
	err         error
}

func (n *noted) SetReadDeadline(t time.Time) error {
	n.read = append(n.read, t)
	return n.err
}

func (n *noted) SetWriteDeadline(t time.Time) error {
	n.write = append(n.write, t)
	return n.err
}

func (n *noted) Read(b []byte) (int, error)  { return len(b), nil }
func (n *noted) Write(b []byte) (int, error) { return len(b), nil }

func TestRequestsInARowMoveFewTimers(t *testing.T) {
	t.Parallel()
	under := &noted{}
	conn := httpapi.Unhurried(under)
	now := time.Now()
	for range 10_000 { // as fasthttp does it, over five seconds
		now = now.Add(500 * time.Microsecond)
		_ = conn.SetReadDeadline(now.Add(2 * time.Minute))
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.SetReadDeadline(now.Add(10 * time.Second))
		_ = conn.SetWriteDeadline(now.Add(30 * time.Second))
		_, _ = conn.Write(make([]byte, 1))
	}
	if reads, writes := len(under.read), len(under.write); reads < 4 || reads > 6 || writes < 4 || writes > 6 {
		t.Errorf("%d deadlines to read and %d to write are set, want about one a second", reads, writes)
	}
}

func TestDeadlineThatIsReliedOnIsSet(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		wanted []time.Time
		set    []time.Duration // after now, each
	}{
		"the first":             {[]time.Time{now.Add(time.Minute)}, []time.Duration{61 * time.Second}},
		"one a little later":    {[]time.Time{now.Add(time.Minute), now.Add(time.Minute + time.Second)}, []time.Duration{61 * time.Second}},
		"one later":             {[]time.Time{now.Add(time.Minute), now.Add(time.Minute + 2*time.Second)}, []time.Duration{61 * time.Second, 63 * time.Second}},
		"one a little earlier":  {[]time.Time{now.Add(time.Minute), now.Add(time.Minute - time.Millisecond)}, []time.Duration{61 * time.Second, 61*time.Second - time.Millisecond}},
		"one earlier":           {[]time.Time{now.Add(time.Minute), now.Add(time.Second)}, []time.Duration{61 * time.Second, 2 * time.Second}},
		"one that is over":      {[]time.Time{now.Add(-time.Hour)}, []time.Duration{-time.Hour + time.Second}},
		"none":                  {[]time.Time{{}}, nil},
		"none after one":        {[]time.Time{now.Add(time.Minute), {}}, []time.Duration{61 * time.Second, 0}},
		"one after none at all": {[]time.Time{{}, now.Add(time.Minute)}, []time.Duration{61 * time.Second}},
	} {
		under := &noted{}
		conn := httpapi.Unhurried(under)
		for _, wanted := range c.wanted {
			if err := conn.SetDeadline(wanted); err != nil {
				t.Fatal(err)
			}
			_, _ = conn.Read(nil)
			_, _ = conn.Write(nil)
		}
		for way, got := range map[string][]time.Time{"read": under.read, "write": under.write} {
			if len(got) != len(c.set) {
				t.Errorf("%s, to %s: %d are set, want %d", name, way, len(got), len(c.set))
				continue
			}
			for i, after := range c.set {
				if after == 0 && !got[i].IsZero() || after != 0 && !got[i].Equal(now.Add(after)) {
					t.Errorf("%s, to %s: number %d is %v after, want %v", name, way, i, got[i].Sub(now), after)
				}
			}
		}
	}
}

func TestDeadlineThatCannotBeSetIsAnError(t *testing.T) {
	t.Parallel()
	conn := httpapi.Unhurried(&noted{err: net.ErrClosed})
	_ = conn.SetDeadline(time.Now())
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read: %v", err)
	}
	if _, err := conn.Write(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write: %v", err)
	}
}

// On a real connection: not before it is due, and not much after.
func TestReadEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = accepted.Close() })
	conn := httpapi.Unhurried(accepted)
	if _, ok := conn.(syscall.Conn); !ok {
		t.Error("nobody can look whether the other side has gone")
	}
	began := time.Now()
	_ = conn.SetReadDeadline(began.Add(300 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d, %v", n, err)
	}
	if took := time.Since(began); took < 300*time.Millisecond || took > 10*time.Second {
		t.Errorf("after %v", took)
	}
	_ = conn.SetReadDeadline(time.Time{})
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Errorf("without a deadline: %v", err)
	}
}
