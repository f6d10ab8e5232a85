package audit_test

import (
	"sync"
	"testing"
	"time"

	"auth.books.test/schema"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/session"
)

const (
	month = 31 * 24 * time.Hour
	// inDefault counts the events in the default partition.
	inDefault = `SELECT count(*) FROM events_default`
)

func TestMonthTurnsUnattended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, password)
	for range 2 {
		w.Clock.Move(month)
		w.SignIn(ada, password)
	}
	if n := w.count(inDefault); n != 0 {
		t.Errorf("%d events are in the default partition within two months", n)
	}
	if n := w.count(`SELECT count(DISTINCT tableoid) FROM events`); n != 3 {
		t.Errorf("the events are in %d partitions, want 3", n)
	}
	// With the command, it goes on for ever.
	for range 4 {
		w.maintain()
		w.Clock.Move(2 * month)
		w.SignIn(ada, password)
	}
	if n := w.count(inDefault); n != 0 {
		t.Errorf("%d events are in the default partition", n)
	}
}

func TestStrayRowBlocksNoMonth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, password)
	w.Clock.Move(6 * month)
	w.SignIn(ada, password)
	if n := w.count(inDefault); n != 1 {
		t.Fatalf("%d events are in the default partition, want 1: nothing is tested", n)
	}
	before := w.count(`SELECT count(*) FROM events`)
	// Both at once: one waits for the other.
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := schema.Maintain(t.Context(), w.url, schema.Maintenance{Keep: 13, Origins: month, Now: w.Clock.Now()}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if n, all := w.count(inDefault), w.count(`SELECT count(*) FROM events`); n != 0 || all != before {
		t.Errorf("%d events are in the default partition, %d in all; want 0 and %d", n, all, before)
	}
	p, err := schema.Current().Plan(t.Context(), w.url, schema.Options{Now: w.Clock.Now()})
	if err != nil || len(p.Statements) > 0 {
		t.Errorf("there is still to do: %q, %v", p.Statements, err)
	}
}

func TestGrowthIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, password)
	if _, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: password, From: session.Origin{}}); err != nil {
		t.Fatal(err)
	}
	w.SQL(`INSERT INTO event_origins (event, at, device) SELECT gen_random_uuid(), now(), 'old' FROM generate_series(1, 12000)`)
	if done := w.maintain(); len(done.Dropped) > 0 || done.Origins > 0 {
		t.Errorf("did %+v, want nothing of what is young", done)
	}
	w.Clock.Move(91 * 24 * time.Hour)
	if done := w.maintain(); len(done.Dropped) > 0 || done.Origins != 12000 {
		t.Errorf("did %+v, want the origins deleted and no month dropped", done)
	}
	w.Clock.Move(14 * month)
	if done := w.maintain(); len(done.Dropped) == 0 {
		t.Errorf("did %+v, want months dropped", done)
	}
	if n := w.count(`SELECT count(*) FROM events`); n != 0 {
		t.Errorf("%d events are left", n)
	}
	w.SignIn(ada, password)
}
