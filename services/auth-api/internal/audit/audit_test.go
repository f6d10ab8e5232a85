package audit_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// from is a request of a device.
func from(ctx context.Context, address string) context.Context {
	return audit.With(ctx, audit.Origin{RequestID: "request-1", Address: netip.MustParseAddr(address), Device: "Mozilla/5.0 of Ada"})
}

func TestRolledBackActLeavesNoEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Register(ada, password)
	before := w.count(`SELECT count(*) FROM events`)
	refusal := errors.New("refused")
	act := audit.Event{Verb: audit.RenameAccount}
	fails := func(context.Context, *authorization.Tx) error { return refusal }
	works := func(context.Context, *authorization.Tx) error { return nil }
	if err := w.Authorizations.Change(t.Context(), authorization.Account(id), act, fails); !errors.Is(err, refusal) {
		t.Errorf("got %v", err)
	}
	if n := w.count(`SELECT count(*) FROM events`); n != before {
		t.Errorf("%d events of an act that failed", n-before)
	}
	// And without an event there is no change.
	if err := w.Authorizations.Change(t.Context(), authorization.Account(id), audit.Event{}, works); err == nil {
		t.Error("an act without a verb was done")
	}
	w.SQL(`ALTER TABLE events ADD CONSTRAINT nothing_more CHECK (verb <> 'account.rename') NOT VALID`)
	if _, err := w.Accounts.Rename(t.Context(), id, "Ada"); fault.CodeOf(err) != fault.StoreUnavailable {
		t.Errorf("got %v, want store_unavailable", err)
	}
	if name := w.Text(`SELECT name FROM accounts WHERE id = $1`, id); name != "" {
		t.Errorf("the name is %q without an event", name)
	}
}

func TestDeletedPersonIsInNoEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := from(t.Context(), "192.0.2.7")
	id, err := w.Accounts.Create(ctx, ada, password, true)
	if err != nil {
		t.Fatal(err)
	}
	w.Refusals.Note(ctx, audit.Event{Verb: audit.SignIn, Subject: audit.AccountOf(id), Reason: fault.InvalidCredentials})
	if err := w.Refusals.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	mine := audit.With(ctx, audit.Origin{Address: netip.MustParseAddr("192.0.2.7"), Device: "Mozilla/5.0 of Ada", Actor: audit.AccountOf(id)})
	if _, err := w.Accounts.Rename(mine, id, "Ada Lovelace"); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM event_origins WHERE address = '192.0.2.7' AND device LIKE '%Ada'`); n != 3 {
		t.Fatalf("%d origins, want 3: nothing is tested", n)
	}
	// One more is still summed up when the account is deleted.
	w.Refusals.Note(ctx, audit.Event{Verb: audit.SignIn, Subject: audit.AccountOf(id), Reason: fault.InvalidCredentials})
	if err := w.Accounts.Delete(mine, id, password); err != nil {
		t.Fatal(err)
	}
	if err := w.Refusals.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM event_origins`); n != 0 {
		t.Errorf("%d origins are left", n)
	}
	dump := w.Text(`SELECT string_agg(e::text, ' ') FROM events e`)
	for _, personal := range []string{ada, "Ada", "Mozilla", "192.0.2.7"} {
		if strings.Contains(dump, personal) {
			t.Errorf("the events hold %s: %s", personal, dump)
		}
	}
	// The chain of events is whole.
	if n := w.count(`SELECT count(*) FROM events WHERE subject = $1`, id); n != 5 {
		t.Errorf("%d events, want 5", n)
	}
}

func TestFloodKeepsOldEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Register(ada, password)
	e := audit.Event{Verb: audit.SignIn, Subject: audit.AccountOf(id), Reason: fault.InvalidCredentials}
	for range 1000 {
		w.Refusals.Note(from(t.Context(), "2001:db8:0:1::1"), e)
		w.Refusals.Note(from(t.Context(), "2001:db8:0:1::2"), e) // of the same network
	}
	address := netip.MustParseAddr("10.0.0.0")
	for range 5000 {
		address = address.Next()
		w.Refusals.Note(from(t.Context(), address.String()), e)
	}
	if err := w.Refusals.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM events`); n != 1+250+1 {
		t.Errorf("7000 refusals are %d rows, want the registration, 250 sums and what was dropped", n)
	}
	if n := w.count(`SELECT count FROM events WHERE count > 1 AND verb = 'session.sign_in'`); n != 2000 {
		t.Errorf("%d refusals of one network, want 2000", n)
	}
	if n := w.count(`SELECT count FROM events WHERE verb = 'audit.dropped'`); n != 5000-249 || w.Refusals.Dropped() != int64(n) {
		t.Errorf("%d refusals were dropped, and %d counted; want %d", n, w.Refusals.Dropped(), 5000-249)
	}
	if n := w.count(`SELECT sum(count) FROM events WHERE verb IN ('session.sign_in', 'audit.dropped')`); n != 7000 {
		t.Errorf("%d refusals are told of, want all 7000", n)
	}
}
