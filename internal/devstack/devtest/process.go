package devtest

import (
	"context"
	"syscall"
	"testing"

	"auth.books.test/internal/devstack"
)

// Process is a store of one test's own, which may be broken. Its address stays
// the same over a restart, through a proxy.
type Process struct {
	// URL to connect to.
	URL   string
	t     testing.TB
	start starter
	o     devstack.Options
	store *devstack.Store
	proxy *Proxy
}

// PostgresProcess starts a Postgres that this test may kill or freeze.
func PostgresProcess(t testing.TB) *Process { return newProcess(t, devstack.StartPostgres) }

// RedisProcess starts a Redis that this test may kill or freeze.
func RedisProcess(t testing.TB) *Process { return newProcess(t, devstack.StartRedis) }

func newProcess(t testing.TB, start starter) *Process {
	t.Helper()
	p := &Process{t: t, start: start, o: options(t.TempDir())}
	p.run()
	p.proxy = NewProxy(t, p.store.URL)
	p.URL = p.proxy.URL
	t.Cleanup(func() {
		if err := p.store.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *Process) run() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	s, err := p.start(ctx, p.o)
	need(p.t, err)
	p.store = s
}

// Kill ends the store as a crash would.
func (p *Process) Kill() { p.store.Process.Kill() }

// Freeze stops the store without closing a connection, as a hung machine does.
func (p *Process) Freeze() { p.signal(syscall.SIGSTOP) }

// Thaw lets a frozen store go on.
func (p *Process) Thaw() { p.signal(syscall.SIGCONT) }

// Start brings a killed store back with its data.
func (p *Process) Start() {
	p.t.Helper()
	p.run()
	p.proxy.Target(p.store.URL)
}

// signal reaches the whole group: Postgres serves each client by a child.
func (p *Process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := syscall.Kill(-p.store.Process.Pid(), s); err != nil {
		p.t.Fatalf("signal a store: %v", err)
	}
}
