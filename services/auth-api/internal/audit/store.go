package audit

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// MaxPage is how many events one page has at most.
const MaxPage = 100

// Store reads events.
type Store struct{ db *postgres.DB }

// NewStore uses the database.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// Query selects events. A field that is empty selects all.
type Query struct {
	Actor, Subject uuid.UUID
	Verb           Verb
	Outcome        Outcome
	// Since is inclusive, Until is not.
	Since, Until time.Time
	// After is where an earlier page ended.
	After Cursor
	Limit int
}

// Cursor is the last event of a page; the zero Cursor is before the first.
type Cursor struct {
	at time.Time
	id uuid.UUID
}

// String is an opaque text for callers; empty for the zero Cursor.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(c.at.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, c.id[:]...))
}

// cursorLength is that of a time and an id, in bytes.
const cursorLength = 8 + 16

// ParseCursor reads what String has made. Fault: validation_failed.
func ParseCursor(text string) (c Cursor, err error) {
	if text == "" {
		return Cursor{}, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err == nil && len(b) == cursorLength {
		at := int64(binary.BigEndian.Uint64(b)) //nolint:gosec // Bounded below.
		if at > 0 && at < maxMicro {
			return Cursor{time.UnixMicro(at).UTC(), uuid.UUID(b[8:])}, nil
		}
	}
	return Cursor{}, fault.Invalid("after", "invalid", "Send next of the page before, as it is, or leave it out.")
}

// maxMicro is the year 9999 in microseconds. Postgres accepts later times, but not all.
const maxMicro = 253_402_300_800_000_000

// Events returns the events that the query selects, the newest first, and where the next
// page begins; that is the zero Cursor after the last. Fault: store_unavailable.
func (s *Store) Events(ctx context.Context, q Query) (found []Recorded, next Cursor, err error) {
	statement, args := q.statement()
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, statement, args...)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, scan)
		return err
	})
	if err != nil {
		return nil, Cursor{}, fmt.Errorf("read events: %w", err)
	}
	if len(found) > q.Limit {
		found = found[:q.Limit]
		last := found[len(found)-1]
		next = Cursor{last.At, last.ID}
	}
	return found, next, nil
}

// statement selects one event more than the limit, which tells whether there is a next
// page.
func (q Query) statement() (string, []any) {
	var conditions []string
	var args []any
	where := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		conditions = append(conditions, condition)
	}
	if q.Actor != uuid.Nil {
		where("e.actor = ?", q.Actor)
	}
	if q.Subject != uuid.Nil {
		where("e.subject = ?", q.Subject)
	}
	if q.Verb != "" {
		where("e.verb = ?", q.Verb)
	}
	if q.Outcome != "" {
		where("e.outcome = ?", q.Outcome)
	}
	if !q.Since.IsZero() {
		where("e.at >= ?", q.Since)
	}
	if !q.Until.IsZero() {
		where("e.at < ?", q.Until)
	}
	if q.After != (Cursor{}) {
		where("(e.at, e.id) < (?, ?)", q.After.at, q.After.id)
	}
	all := "true"
	if len(conditions) > 0 {
		all = strings.Join(conditions, " AND ")
	}
	args = append(args, q.Limit+1)
	return `
		SELECT e.id, e.at, e.actor_kind, e.actor, e.actor_name, e.verb, e.subject_kind, e.subject, e.outcome, e.reason,
			e.client_id, e.session, e.request_id, e.about, e.count, e.until, o.address, coalesce(o.device, '')
		FROM events e LEFT JOIN event_origins o ON o.event = e.id
		WHERE ` + all + ` ORDER BY e.at DESC, e.id DESC LIMIT $` + strconv.Itoa(len(args)), args
}

func scan(row pgx.CollectableRow) (r Recorded, err error) {
	var actor, subject, client, session *uuid.UUID
	var until *time.Time
	var address *netip.Addr
	err = row.Scan(&r.ID, &r.At, &r.Actor.Kind, &actor, &r.Actor.Name, &r.Verb, &r.Subject.Kind, &subject, &r.Outcome, &r.Reason,
		&client, &session, &r.RequestID, &r.About, &r.Count, &until, &address, &r.Device)
	r.Actor.ID, r.Subject.ID, r.Client, r.Session = orZero(actor), orZero(subject), orZero(client), orZero(session)
	r.At, r.Until = r.At.UTC(), orZero(until).UTC()
	if address != nil {
		r.Address = address.String()
	}
	return r, err
}

func orZero[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

// Strays says whether the default partition has rows: their month has no partition of its
// own, or a clock is wrong.
func (s *Store) Strays(ctx context.Context) (found bool, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM events_default)`).Scan(&found)
	})
	if err != nil {
		return false, fmt.Errorf("look into the default partition of events: %w", err)
	}
	return found, nil
}
