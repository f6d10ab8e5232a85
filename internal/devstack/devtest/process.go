package devtest

import (
	"context"
	"syscall"
	"testing"

	"auth.books.test/internal/devstack"
)

// Process is a store for one test, which may kill or freeze it. A proxy keeps its address the
// same over a restart.
type Process struct {
	// URL is that of the proxy.
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

// Kill kills the store, like a crash.
func (p *Process) Kill() { p.store.Process.Kill() }

// Freeze suspends the store without closing connections, like a hung machine.
func (p *Process) Freeze() { p.signal(syscall.SIGSTOP) }

// Thaw resumes a frozen store.
func (p *Process) Thaw() { p.signal(syscall.SIGCONT) }

// Start restarts a killed store with its data.
func (p *Process) Start() {
	p.t.Helper()
	p.run()
	p.proxy.Target(p.store.URL)
}

// signal signals the whole process group, because Postgres serves each client in a child.
func (p *Process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := syscall.Kill(-p.store.Process.Pid(), s); err != nil {
		p.t.Fatalf("signal a store: %v", err)
	}
}
