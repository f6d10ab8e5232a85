package graceful_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/graceful"
)

const patience = 20 * time.Second

// listen returns a listener whose connections echo every line.
func listen(t *testing.T, limit int) *graceful.Listener {
	t.Helper()
	under, err := graceful.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := graceful.NewListener(under, limit)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return l
}

func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", l.Addr().String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

func echoes(c net.Conn) error {
	if _, err := io.WriteString(c, "x"); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

func TestConnectionOverTheLimitIsAnsweredAndClosed(t *testing.T) {
	t.Parallel()
	l := listen(t, 1)
	first := dial(t, l)
	if err := echoes(first); err != nil {
		t.Fatal(err)
	}
	second := dial(t, l)
	// The client has already sent something, but must get the response.
	if _, err := io.WriteString(second, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"+strings.Repeat("x", 60000)); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(second), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 503 || !r.Close || r.Header.Get("Retry-After") == "" || !json.Valid(body) || int64(len(body)) != r.ContentLength {
		t.Errorf("%v %v %s, %v", r.Status, r.Header, body, err)
	}
	if l.Open() != 1 || l.Refused() != 1 {
		t.Errorf("%d open, %d refused", l.Open(), l.Refused())
	}
	_ = first.Close()
	for end := time.Now().Add(patience); l.Open() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a closed connection still counts")
		}
	}
	if err := echoes(dial(t, l)); err != nil {
		t.Errorf("there is capacity again, but: %v", err)
	}
}

// failing fails to accept once.
type failing struct {
	net.Listener
	err  error
	once sync.Once
}

func (f *failing) Accept() (c net.Conn, err error) {
	f.once.Do(func() { err = &net.OpError{Op: "accept", Err: f.err} })
	if err != nil {
		return nil, err
	}
	return f.Listener.Accept()
}

func TestServerSurvivesALackOfFileDescriptors(t *testing.T) {
	t.Parallel()
	for want, pass := range map[error]bool{syscall.EMFILE: true, syscall.ECONNABORTED: true, syscall.EBADF: false} {
		under, err := graceful.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l := graceful.NewListener(&failing{Listener: under, err: want}, 1)
		dial(t, under)
		c, err := l.Accept()
		if (err == nil) != pass || !pass && !errors.Is(err, want) {
			t.Errorf("%v: %v", want, err)
		}
		if c != nil {
			_ = c.Close()
		}
		_ = l.Close()
	}
}

// Clients connect as fast as they can while the listener stops. Every connected client is
// served.
func TestStopResetsNobody(t *testing.T) {
	t.Parallel()
	l := listen(t, 1000)
	var served, failed atomic.Int64
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for range 16 {
		all.Go(func() {
			for ctx.Err() == nil {
				c, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
				if err != nil {
					return
				}
				_ = c.SetDeadline(time.Now().Add(patience))
				if err := echoes(c); err != nil {
					failed.Add(1)
					t.Log(err)
				} else {
					served.Add(1)
				}
				_ = c.(*net.TCPConn).SetLinger(0)
				_ = c.Close()
			}
		})
	}
	for served.Load() < 500 {
		time.Sleep(time.Millisecond)
	}
	if err := l.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	stop()
	all.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d of %d connections were reset", failed.Load(), failed.Load()+served.Load())
	}
	if err := l.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestWaitEndsWithTheLastConnectionAndClosesSilentOnes(t *testing.T) {
	t.Parallel()
	l := listen(t, 10)
	used, silent := dial(t, l), dial(t, l)
	if err := echoes(used); err != nil {
		t.Fatal(err)
	}
	for l.Open() < 2 {
		time.Sleep(time.Millisecond)
	}
	l.Wait(t.Context(), 50*time.Millisecond)
	if _, err := silent.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the silent one: %v", err)
	}
	if err := echoes(used); err != nil {
		t.Errorf("the used one: %v", err)
	}
	_ = used.Close()
	began := time.Now()
	l.Wait(t.Context(), patience)
	if took := time.Since(began); took > patience/2 {
		t.Errorf("it waited %v although no connection was open", took)
	}
}
