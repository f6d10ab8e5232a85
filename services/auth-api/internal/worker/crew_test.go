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
	"auth.books.test/services/auth-api/internal/worker"
)

// team is a crew of a role, with a clock that stands still.
type team struct {
	*worker.Crew
	t    testing.TB
	now  atomic.Int64 // Unix nanoseconds
	said bytes.Buffer
}

func newTeam(t testing.TB, role string) *team {
	t.Helper()
	self, err := worker.Self()
	if err != nil {
		t.Fatal(err)
	}
	return newTeamOf(t, self, role)
}

func newTeamOf(t testing.TB, command ...string) *team {
	t.Helper()
	m := &team{t: t}
	m.Crew = worker.New(worker.Options{
		Command: command, Log: slog.New(slog.NewTextHandler(&m.said, nil)),
		Now: func() time.Time { return time.Unix(0, m.now.Load()) },
	})
	t.Cleanup(m.Close)
	return m
}

func least() password.Work {
	return password.Work{Password: []byte("notes on the analytical engine"), Salt: bytes.Repeat([]byte("s"), 16), Params: password.DefaultParams(), Size: 32}
}

// derives wants the right key.
func (m *team) derives(w password.Work) {
	m.t.Helper()
	want, _ := password.Argon2id(w)
	if got, err := m.Derive(w); err != nil || !bytes.Equal(got, want) {
		m.t.Errorf("got %x, %v; want %x", got, err, want)
	}
}

// derivesThree at once.
func (m *team) derivesThree() {
	m.t.Helper()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { m.derives(least()) })
	}
	all.Wait()
}

// one is the process id of the only worker.
func (m *team) one() int {
	m.t.Helper()
	ids := m.Resting()
	if len(ids) != 1 {
		m.t.Fatalf("%d workers rest, want 1", len(ids))
	}
	return ids[0]
}

// givesWay is the process id of the only worker, which gives way: one that was
// overdue has been replaced by an ordinary one, so it is tried again.
func (m *team) givesWay() int {
	m.t.Helper()
	for range 100 {
		before := m.Stats().Overdue
		m.now.Add(int64(time.Minute))
		m.derives(least())
		if m.Stats().Overdue == before {
			return m.one()
		}
	}
	m.t.Fatal("no worker that gives way had a processor in a hundred tries")
	return 0
}

// stops keeps a process from running, as a hung one does or one without a processor.
func (m *team) stops(id int) {
	m.t.Helper()
	if err := syscall.Kill(id, syscall.SIGSTOP); err != nil {
		m.t.Fatal(err)
	}
}

// counts wants what it says, whoever was overdue: with tests on all processors,
// anybody can be.
func (m *team) counts(want worker.Stats) {
	m.t.Helper()
	want.Overdue = m.Stats().Overdue
	if got := m.Stats(); got != want {
		m.t.Errorf("%+v, want %+v", got, want)
	}
}

func TestWorkersDeriveTheSameKeys(t *testing.T) {
	t.Parallel()
	m := newTeam(t, "hash")
	lanes, long := least(), least()
	lanes.Params.Threads, long.Size = 4, 64
	nothing := least()
	nothing.Password = nil
	for _, w := range []password.Work{least(), lanes, long, nothing, least()} {
		m.derives(w)
	}
	m.counts(worker.Stats{Workers: 1})
}

func TestEachWorkAtOnceHasAWorkerOfItsOwn(t *testing.T) {
	t.Parallel()
	m := newTeam(t, "hash")
	m.derivesThree()
	if n := m.Stats().Workers; n < 1 || n > 3 {
		t.Errorf("%d workers for three works", n)
	}
	ids := m.Resting()
	m.Rest()
	m.counts(worker.Stats{})
	for _, id := range ids {
		m.ends(id)
	}
	m.derives(least())
}

// starvation is how long the tests of other packages may keep all processors from a
// worker that is to end.
const starvation = 2 * time.Minute

// ends wants a process to be gone, and waited for.
func (m *team) ends(id int) {
	m.t.Helper()
	// Not polled without a pause, which would keep a processor from it, too.
	for deadline := time.Now().Add(starvation); syscall.Kill(id, 0) == nil; <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.t.Fatalf("worker %d is still there", id)
		}
	}
}

func TestAWorkerIsToldNoSecrets(t *testing.T) {
	t.Setenv("SESSION_DB_TOKEN_KEY", "secret")
	t.Setenv("AUTH_API_SERVICE_KEY", "secret")
	m := newTeam(t, "spy")
	m.derives(least())
	m.counts(worker.Stats{Workers: 1})
}

// The stop stands for a machine that has no processor to spare.
func TestWhoeverStarvesIsReplacedByAnOrdinaryOneForAWhile(t *testing.T) {
	t.Parallel()
	m := newTeam(t, "hash")
	starving := m.givesWay()
	m.stops(starving)
	overdue := m.Stats().Overdue
	m.derives(least())
	m.counts(worker.Stats{Workers: 1})
	if m.Stats().Overdue == overdue {
		t.Error("nobody was overdue")
	}
	m.ends(starving)
	ordinary := m.one()
	m.derives(least())
	if m.one() != ordinary {
		t.Error("another worker, within the respite")
	}
	m.now.Add(int64(time.Minute))
	m.derives(least())
	if m.one() == ordinary {
		t.Error("no worker gives way again")
	}
	m.ends(ordinary)
	m.counts(worker.Stats{Workers: 1})
}

// Nobody would be told that such a process is left, and it holds the memory of a hash.
func TestAWorkerThatDoesNotEndByItselfIsKilled(t *testing.T) {
	t.Parallel()
	m := newTeam(t, "hash")
	m.derives(least())
	id := m.one()
	m.stops(id)
	m.Rest()
	m.ends(id)
}

func TestWhoeverHasNoProcessorToStartIsReplacedToo(t *testing.T) {
	t.Parallel()
	m := newTeam(t, "dumb")
	m.derives(least())
	m.counts(worker.Stats{Workers: 1})
	if m.Stats().Overdue == 0 {
		t.Error("nobody was overdue")
	}
}

func TestALostWorkerCostsNobodyASignIn(t *testing.T) {
	t.Parallel()
	m := newTeam(t, "hash")
	m.derivesThree()
	for _, id := range m.Resting() {
		if err := syscall.Kill(id, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	m.derives(least())
	m.counts(worker.Stats{Workers: 1, Lost: 1})
}

func TestWhereNoWorkerStartsItIsDoneHere(t *testing.T) {
	t.Parallel()
	for role, reason := range map[string]string{"refuses": "not today", "nobody": "no worker can be started"} {
		m := newTeam(t, role)
		if role == "nobody" {
			m = newTeamOf(t, t.TempDir()+"/nobody")
		}
		m.derives(least())
		m.derives(least())
		m.counts(worker.Stats{Alone: 2})
		if said := m.said.String(); strings.Count(said, "level=WARN") != 1 || !strings.Contains(said, reason) {
			t.Errorf("%s: it said %q, want one warning with %q", role, said, reason)
		}
	}
}

func TestWorkersThatFailAreNotBelieved(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"leaves", "lies"} {
		m := newTeam(t, role)
		key, err := m.Derive(least())
		if key != nil || fault.CodeOf(err) != fault.Busy {
			t.Errorf("%s: %x, %v; want a fault of code busy", role, key, err)
		}
		m.counts(worker.Stats{Lost: 3})
	}
}

func TestNoWorkerIsLeftAfterClose(t *testing.T) {
	t.Parallel()
	m := newTeam(t, "hash")
	m.derives(least())
	id := m.one()
	working := make(chan struct{})
	go func() {
		defer close(working)
		m.derives(least())
	}()
	m.Close()
	<-working
	m.ends(id)
	m.counts(worker.Stats{})
}

// A crew that is killed cannot end anybody.
func TestAWorkerEndsWithItsInput(t *testing.T) {
	t.Parallel()
	in, out := strings.NewReader(""), &bytes.Buffer{}
	if err := worker.Serve(worker.Ordinary, in, out); err != nil {
		t.Error(err)
	}
	if out.String() != "{\"Refusal\":\"\"}\n" {
		t.Errorf("it said %q", out)
	}
	if err := worker.Serve(worker.Ordinary, strings.NewReader("nonsense"), &bytes.Buffer{}); err == nil {
		t.Error("nonsense was taken for work")
	}
	out.Reset()
	if err := worker.Serve("highest", strings.NewReader(""), out); err != nil || !strings.Contains(out.String(), "no rank") {
		t.Errorf("a rank that there is not: %v, %q", err, out)
	}
}
