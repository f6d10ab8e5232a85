package audit

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/google/uuid"
)

// row is an event and its origin, as they are inserted.
type row struct {
	id      uuid.UUID
	at      time.Time
	actor   Party
	event   Event
	outcome Outcome
	origin  Origin
	count   int64
	until   time.Time
}

func newRow(o Origin, e Event, count int64) row {
	w := row{actor: o.Actor, event: e, outcome: Done, origin: o, count: count}
	if e.Actor.Kind != "" {
		w.actor = e.Actor
	}
	if e.Session == uuid.Nil {
		w.event.Session = o.Session
	}
	if e.Reason != "" {
		w.outcome = Refused
	}
	w.actor.Kind, w.event.Subject.Kind = cmp.Or(w.actor.Kind, Nobody), cmp.Or(e.Subject.Kind, None)
	w.actor.Name, w.origin.RequestID = clean(w.actor.Name, maxText), clean(o.RequestID, maxText)
	w.origin.Device = clean(o.Device, maxDevice)
	if e.Verb == DeleteAccount && w.outcome == Done {
		w.origin.Address, w.origin.Device = netip.Addr{}, "" // Nothing about the person is left.
	}
	return w
}

// person is the account that the origin is about: who acts, or else who is acted on.
func (w row) person() uuid.UUID {
	switch Account {
	case w.actor.Kind:
		return w.actor.ID
	case w.event.Subject.Kind:
		return w.event.Subject.ID
	}
	return uuid.Nil
}

// insertRefusal is insertOne for an event that may come after the deletion of its account:
// then it has no origin.
const insertRefusal = insertOne + ` AND NOT EXISTS (SELECT FROM events d WHERE d.subject = $17::uuid AND d.verb = 'account.delete' AND d.outcome = 'done')`

const columns = `id, at, actor_kind, actor, actor_name, verb, subject_kind, subject, outcome, reason, client_id, session, request_id, about, count, until`

// insertOne inserts an event, and its origin if there is one.
const insertOne = `
	WITH e AS (INSERT INTO events (` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16))
	INSERT INTO event_origins (event, at, subject, address, device)
	SELECT $1, $2, $17::uuid, $18::inet, $19::text WHERE ($18::inet IS NOT NULL OR $19::text <> '')`

func (w row) values() []any {
	var address *netip.Addr
	if w.origin.Address.IsValid() {
		plain := w.origin.Address.WithZone("").Unmap()
		address = &plain
	}
	return []any{
		w.id, w.at, w.actor.Kind, orNull(w.actor.ID), w.actor.Name, w.event.Verb, w.event.Subject.Kind, orNull(w.event.Subject.ID), w.outcome, w.event.Reason,
		orNull(w.origin.Client), orNull(w.event.Session), w.origin.RequestID, w.event.About, w.count, orNull(w.until),
		orNull(w.person()), address, w.origin.Device,
	}
}

func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
