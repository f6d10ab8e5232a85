package audit

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

const (
	// flushEvery is how long refusals are summed up.
	flushEvery = 5 * time.Second
	// maxSums bounds the rows of one flush, and so the memory and the growth of the table.
	maxSums = 250
)

// Refusals sums up refusals that change nothing, such as wrong passwords, and stores the
// sums every few seconds. A flood takes a bounded number of rows. Sums are lost if the
// process is killed or Postgres does not answer in time; Dropped counts those.
type Refusals struct {
	db      *postgres.DB
	now     func() time.Time
	random  io.Reader
	log     *slog.Logger
	dropped atomic.Int64

	mu      sync.Mutex // guards the fields below
	sums    map[sumKey]*row
	skipped int64 // refusals since the last flush that found no place
}

// sumKey is what refusals of one row have in common.
type sumKey struct {
	verb   Verb
	about  string
	actor  Party
	on     Party
	reason string
	client uuid.UUID
	from   netip.Prefix
}

// NewRefusals makes Refusals. random is crypto/rand.Reader, except in tests.
func NewRefusals(db *postgres.DB, now func() time.Time, random io.Reader, log *slog.Logger) *Refusals {
	return &Refusals{db: db, now: now, random: random, log: log, sums: map[sumKey]*row{}}
}

// Note counts a refusal. The event must have a reason.
func (r *Refusals) Note(ctx context.Context, e Event) {
	w := newRow(Of(ctx), e, 1)
	w.at = r.now().UTC()
	key := sumKey{e.Verb, e.About, w.actor, w.event.Subject, string(e.Reason), w.origin.Client, prefixOf(w.origin.Address)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if sum, found := r.sums[key]; found {
		sum.count++
		sum.until = w.at
		return
	}
	if len(r.sums) >= maxSums {
		r.skipped++
		r.dropped.Add(1)
		return
	}
	r.sums[key] = &w
}

// prefixOf is the network that counts as one caller: /64 of IPv6.
func prefixOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // The address is unknown.
	}
	return p
}

// Dropped is how many refusals were not recorded since the start.
func (r *Refusals) Dropped() int64 { return r.dropped.Load() }

// Run stores sums until ctx ends, and then what is left.
func (r *Refusals) Run(ctx context.Context) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			ended = true
		case <-ticker.C:
		}
		// The database has a deadline of its own.
		if err := r.Flush(context.WithoutCancel(ctx)); err != nil {
			r.log.WarnContext(ctx, "refusals could not be recorded; they are only counted", "error", err)
		}
	}
}

// Flush stores the sums in one transaction. If that fails, they are dropped: keeping them
// would let them pile up. Fault: store_unavailable.
func (r *Refusals) Flush(ctx context.Context) error {
	rows, refusals := r.take()
	if len(rows) == 0 {
		return nil
	}
	err := r.insert(ctx, rows)
	if err != nil {
		r.dropped.Add(refusals)
	}
	return err
}

// take empties the sums. refusals is how many they sum up.
func (r *Refusals) take() (rows []row, refusals int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, sum := range r.sums {
		rows = append(rows, *sum)
		refusals += sum.count
	}
	if r.skipped > 0 {
		w := newRow(Origin{}, Event{Verb: DroppedRefusals, About: strconv.FormatInt(r.skipped, 10)}, r.skipped)
		w.at = r.now().UTC()
		rows = append(rows, w)
	}
	r.sums, r.skipped = map[sumKey]*row{}, 0
	return rows, refusals
}

func (r *Refusals) insert(ctx context.Context, rows []row) error {
	batch := &pgx.Batch{}
	for _, w := range rows {
		id, err := uuid.NewV7FromReader(r.random)
		if err != nil {
			return fmt.Errorf("make an event's id: %w", err)
		}
		w.id = id
		batch.Queue(insertRefusal, w.values()...)
	}
	err := r.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return tx.SendBatch(ctx, batch).Close() })
	if err != nil {
		return fmt.Errorf("record refusals: %w", err)
	}
	return nil
}
