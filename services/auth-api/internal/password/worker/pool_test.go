package worker_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/password/worker"
)

// pool is a worker.Pool whose workers play a role, with a clock that stands still.
type pool struct {
	*worker.Pool
	t   testing.TB
	now atomic.Int64 // Unix nanoseconds
	log bytes.Buffer
}

func newPool(t testing.TB, role string) *pool {
	t.Helper()
	self, err := worker.Self()
	if err != nil {
		t.Fatal(err)
	}
	return newPoolOf(t, self, role)
}

func newPoolOf(t testing.TB, command ...string) *pool {
	t.Helper()
	p := &pool{t: t}
	p.Pool = worker.New(worker.Options{
		Command: command, Log: slog.New(slog.NewTextHandler(&p.log, nil)),
		Now: func() time.Time { return time.Unix(0, p.now.Load()) },
	})
	t.Cleanup(p.Close)
	return p
}

func minimum() password.Work {
	return password.Work{Password: []byte("notes on the analytical engine"), Salt: bytes.Repeat([]byte("s"), 16), Params: password.DefaultParams(), Size: 32}
}

// derives fails the test unless the key is right.
func (p *pool) derives(w password.Work) {
	p.t.Helper()
	want, _ := password.InProcess(w)
	if got, err := p.Derive(w); err != nil || !bytes.Equal(got, want) {
		p.t.Errorf("got %x, %v; want %x", got, err, want)
	}
}

// derivesThree derives three keys at once.
func (p *pool) derivesThree() {
	p.t.Helper()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { p.derives(minimum()) })
	}
	all.Wait()
}

// only is the process id of the only free worker.
func (p *pool) only() int {
	p.t.Helper()
	ids := p.Free()
	if len(ids) != 1 {
		p.t.Fatalf("%d workers are free, want 1", len(ids))
	}
	return ids[0]
}

// idle is the process id of the only free worker, which has idle priority. On a busy
// machine it may time out and be replaced by a normal one; then idle starts another.
func (p *pool) idle() int {
	p.t.Helper()
	for range 100 {
		before := p.Stats().TimedOut
		p.now.Add(int64(time.Minute))
		p.derives(minimum())
		if p.Stats().TimedOut == before {
			return p.only()
		}
	}
	p.t.Fatal("no idle worker got a processor in a hundred attempts")
	return 0
}

// stops suspends a process, as if it hung or got no processor.
func (p *pool) stops(id int) {
	p.t.Helper()
	if err := syscall.Kill(id, syscall.SIGSTOP); err != nil {
		p.t.Fatal(err)
	}
}

// counts compares all but TimedOut: while other tests use all processors, any worker may
// time out.
func (p *pool) counts(want worker.Stats) {
	p.t.Helper()
	want.TimedOut = p.Stats().TimedOut
	if got := p.Stats(); got != want {
		p.t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWorkersDeriveTheSameKeys(t *testing.T) {
	t.Parallel()
	p := newPool(t, "hash")
	lanes, long := minimum(), minimum()
	lanes.Params.Threads, long.Size = 4, 64
	nothing := minimum()
	nothing.Password = nil
	for _, w := range []password.Work{minimum(), lanes, long, nothing, minimum()} {
		p.derives(w)
	}
	p.counts(worker.Stats{Workers: 1})
}

func TestConcurrentHashesHaveAWorkerEach(t *testing.T) {
	t.Parallel()
	p := newPool(t, "hash")
	p.derivesThree()
	if n := p.Stats().Workers; n < 1 || n > 3 {
		t.Errorf("%d workers for three hashes", n)
	}
	ids := p.Free()
	p.Release()
	p.counts(worker.Stats{})
	for _, id := range ids {
		p.ends(id)
	}
	p.derives(minimum())
}

// starvation is how long the tests of other packages may keep a worker from getting the
// processor that it needs to exit.
const starvation = 2 * time.Minute

// ends fails the test unless the process exits and is reaped.
func (p *pool) ends(id int) {
	p.t.Helper()
	// The pause leaves a processor to the worker.
	for deadline := time.Now().Add(starvation); syscall.Kill(id, 0) == nil; <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("worker %d has not exited", id)
		}
	}
}

func TestAWorkerGetsNoSecrets(t *testing.T) {
	t.Setenv("SESSION_DB_TOKEN_KEY", "secret")
	t.Setenv("AUTH_API_SERVICE_KEY", "secret")
	p := newPool(t, "checks environment")
	p.derives(minimum())
	p.counts(worker.Stats{Workers: 1})
}

// A stopped worker stands for one that gets no processor.
func TestAStarvingWorkerIsReplacedByANormalOneForAWhile(t *testing.T) {
	t.Parallel()
	p := newPool(t, "hash")
	starving := p.idle()
	p.stops(starving)
	timeouts := p.Stats().TimedOut
	p.derives(minimum())
	p.counts(worker.Stats{Workers: 1})
	if p.Stats().TimedOut == timeouts {
		t.Error("no hash timed out")
	}
	p.ends(starving)
	normal := p.only()
	p.derives(minimum())
	if p.only() != normal {
		t.Error("the normal worker was replaced within the cooldown")
	}
	p.now.Add(int64(time.Minute))
	p.derives(minimum())
	if p.only() == normal {
		t.Error("no idle worker was started after the cooldown")
	}
	p.ends(normal)
	p.counts(worker.Stats{Workers: 1})
}

// Nothing reports a process that is left over, and it holds the memory of a hash.
func TestAWorkerThatDoesNotExitIsKilled(t *testing.T) {
	t.Parallel()
	p := newPool(t, "hash")
	p.derives(minimum())
	id := p.only()
	p.stops(id)
	p.Release()
	p.ends(id)
}

func TestAWorkerThatCannotStartInTimeIsReplaced(t *testing.T) {
	t.Parallel()
	p := newPool(t, "silent")
	p.derives(minimum())
	p.counts(worker.Stats{Workers: 1})
	if p.Stats().TimedOut == 0 {
		t.Error("no hash timed out")
	}
}

func TestAKilledWorkerFailsNoHash(t *testing.T) {
	t.Parallel()
	p := newPool(t, "hash")
	p.derivesThree()
	for _, id := range p.Free() {
		if err := syscall.Kill(id, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	p.derives(minimum())
	p.counts(worker.Stats{Workers: 1, Crashed: 1})
}

func TestWithoutWorkersHashesRunInProcess(t *testing.T) {
	t.Parallel()
	for role, reason := range map[string]string{"refuses": "not today", "missing": "no worker can be started"} {
		p := newPool(t, role)
		if role == "missing" {
			p = newPoolOf(t, t.TempDir()+"/missing")
		}
		p.derives(minimum())
		p.derives(minimum())
		p.counts(worker.Stats{InProcess: 2})
		if log := p.log.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, reason) {
			t.Errorf("%s: logged %q, want one warning with %q", role, log, reason)
		}
	}
}

func TestWrongAnswersOfWorkersAreRefused(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"crashes", "lies"} {
		p := newPool(t, role)
		key, err := p.Derive(minimum())
		if key != nil || fault.CodeOf(err) != fault.Busy {
			t.Errorf("%s: got %x, %v; want a fault of code busy", role, key, err)
		}
		p.counts(worker.Stats{Crashed: 3})
	}
}

func TestCloseLeavesNoWorker(t *testing.T) {
	t.Parallel()
	p := newPool(t, "hash")
	p.derives(minimum())
	id := p.only()
	working := make(chan struct{})
	go func() {
		defer close(working)
		p.derives(minimum())
	}()
	p.Close()
	<-working
	p.ends(id)
	p.counts(worker.Stats{})
}

// A parent that is killed cannot end its workers.
func TestAWorkerExitsWhenItsInputEnds(t *testing.T) {
	t.Parallel()
	in, out := strings.NewReader(""), &bytes.Buffer{}
	if err := worker.Serve(worker.Normal, in, out); err != nil {
		t.Error(err)
	}
	if out.String() != "{\"Refusal\":\"\"}\n" {
		t.Errorf("wrote %q", out)
	}
	if err := worker.Serve(worker.Normal, strings.NewReader("nonsense"), &bytes.Buffer{}); err == nil {
		t.Error("nonsense was accepted as work")
	}
	out.Reset()
	if err := worker.Serve("highest", strings.NewReader(""), out); err != nil || !strings.Contains(out.String(), "no priority") {
		t.Errorf("an unknown priority: %v, %q", err, out)
	}
}

func TestHashOfAnotherProgramIsComputedByAWorker(t *testing.T) {
	t.Parallel()
	p := newPool(t, "hash")
	stored := "imported:sha-crypt:$5$saltsalt$lJBntEo62mus/ovk43htFvkabtoMEkzjosQqenAm4h8" // mkpasswd -m sha256crypt
	for typed, want := range map[string]byte{"correct horse battery": 1, "another": 0} {
		got, err := p.Derive(password.Work{Password: []byte(typed), Foreign: stored, Size: 1})
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, %v; want %d", typed, got, err, want)
		}
	}
	p.derives(minimum()) // The same worker goes on with ours.
	if s := p.Stats(); s.Workers != 1 || s.InProcess != 0 || s.Crashed != 0 {
		t.Errorf("%+v", s)
	}
}
