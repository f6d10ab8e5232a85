package devtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Keeper is an HTTP client that keeps its connection and never repeats a request. Go's client
// repeats a GET if a kept connection was closed, and so hides that a server cuts off its
// clients.
type Keeper struct {
	// Addr is host:port, Request the complete request, Status the expected status.
	Addr, Request string
	Status        int
	// Pause is the time between a response and the next request.
	Pause time.Duration

	sent, failed atomic.Int64
	why          atomic.Value
}

// Keepers run until they cannot connect to the server.
type Keepers struct {
	list     []*Keeper
	draining atomic.Bool
	all      sync.WaitGroup
}

// Keep starts ten clients for each request, whose responses must have the status. It returns
// when each client has got three responses.
func Keep(t *testing.T, addr string, statuses map[string]int) *Keepers {
	t.Helper()
	var list []*Keeper
	for i := range 10 {
		for request, status := range statuses {
			list = append(list, &Keeper{Addr: addr, Request: request, Status: status, Pause: time.Duration(i) * 15 * time.Millisecond})
		}
	}
	k := &Keepers{list: list}
	for _, one := range list {
		k.all.Go(func() { one.run(t.Context(), &k.draining) })
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		ready := true
		for _, one := range list {
			ready = ready && one.sent.Load() > 3
		}
		if ready {
			return k
		}
		if time.Now().After(end) {
			t.Fatal("not within 30 s: every client has got three responses")
		}
	}
}

// Draining requires `Connection: close` in each response from now on.
func (k *Keepers) Draining() { k.draining.Store(true) }

// LostNothing waits until the server has ended, and fails the test for each client with a
// failed request.
func (k *Keepers) LostNothing(t *testing.T) {
	t.Helper()
	k.all.Wait()
	var sent, failed int64
	for _, one := range k.list {
		sent += one.sent.Load()
		if n := one.failed.Load(); n > 0 {
			failed += n
			t.Errorf("%.24s…: %v", one.Request, one.why.Load())
		}
	}
	t.Logf("%d requests, %d failed", sent, failed)
}

func (k *Keeper) run(ctx context.Context, draining *atomic.Bool) {
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", k.Addr)
		if err != nil {
			return
		}
		if err := k.use(ctx, conn, draining); err != nil {
			k.failed.Add(1)
			k.why.Store(err.Error())
		}
		_ = conn.Close()
	}
}

// use sends requests on a connection until a response closes it.
func (k *Keeper) use(ctx context.Context, conn net.Conn, draining *atomic.Bool) error {
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	method, _, _ := strings.Cut(k.Request, " ")
	for r := bufio.NewReader(conn); ctx.Err() == nil; time.Sleep(k.Pause) {
		last := draining.Load()
		k.sent.Add(1)
		if _, err := io.WriteString(conn, k.Request); err != nil {
			return err
		}
		response, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		switch {
		case response.StatusCode != k.Status:
			return fmt.Errorf("status %s, want %d", response.Status, k.Status)
		case response.Close:
			return nil
		case last:
			return errors.New("a response while the service stops does not close its connection")
		}
	}
	return nil
}
