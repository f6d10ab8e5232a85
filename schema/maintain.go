package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Maintenance are the options of Maintain.
type Maintenance struct {
	// Keep is how many whole months of events are kept besides the present one.
	Keep int
	// Origins is for how long addresses and devices of events are kept.
	Origins time.Duration
	// LockWait is how long to wait for another process that changes the schema, and to try
	// to drop a month that is in use. Zero means one minute.
	LockWait time.Duration
	// Now is zero for the database's time.
	Now time.Time
}

// Maintained is what Maintain did.
type Maintained struct {
	// Made and Dropped are partitions.
	Made, Dropped []string
	// Origins is how many addresses and devices were deleted.
	Origins int64
}

const (
	// maxStrayMonths bounds the partitions that wrong clocks can cause.
	maxStrayMonths = 24
	// dropWait is how long DROP TABLE waits for the lock of the whole table of events.
	// Meanwhile all sign-ins wait behind it.
	dropWait = 300 * time.Millisecond
	// originBatch is how many origins one transaction deletes.
	originBatch = 5000
)

// Maintain makes the partitions of the present month, of those ahead, and of events that are
// in the default partition; drops the months that are older than what is kept; and deletes
// old addresses and devices. It may be repeated and run in several processes at once.
// Errors: ErrBusy, ErrUnreachable, *ForeignError.
func Maintain(ctx context.Context, url string, m Maintenance) (done Maintained, err error) {
	if m.LockWait <= 0 {
		m.LockWait = time.Minute
	}
	for _, step := range []func(context.Context, string, *Maintenance, *Maintained) error{makeMonths, dropMonths, deleteOrigins} {
		if err := step(ctx, url, &m, &done); err != nil {
			return done, fmt.Errorf("maintain the events: %w", err)
		}
	}
	return done, nil
}

func makeMonths(ctx context.Context, url string, m *Maintenance, done *Maintained) error {
	return withTx(ctx, url, func(tx *sql.Tx) error {
		if err := lock(ctx, tx, m.LockWait); err != nil {
			return err
		}
		if m.Now.IsZero() {
			if err := tx.QueryRowContext(ctx, "SELECT now()").Scan(&m.Now); err != nil {
				return fmt.Errorf("ask the database for the time: %w", err)
			}
		}
		found, err := readPartitions(ctx, tx)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return errors.New("the table events has no partitions: run auth-api schema apply first")
		}
		var months []month
		for n := range monthsAhead + 1 {
			months = append(months, monthOf(m.Now).add(n))
		}
		if found[strays] {
			more, err := strayMonths(ctx, tx, *m, months)
			if err != nil {
				return err
			}
			months = append(months, more...)
		}
		statements, err := addPartitions(ctx, tx, found, months)
		if err != nil {
			return err
		}
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return detailed(statement, err)
			}
		}
		for _, one := range months {
			if !found[one.partition()] {
				done.Made = append(done.Made, one.partition())
			}
		}
		return nil
	})
}

// strayMonths deletes what is too old from the default partition, and returns the other
// months that it has rows of.
func strayMonths(ctx context.Context, tx *sql.Tx, m Maintenance, without []month) (months []month, err error) {
	if _, err := tx.ExecContext(ctx, "DELETE FROM "+live+"."+strays+" WHERE at < "+monthOf(m.Now).add(-m.Keep).bound()); err != nil {
		return nil, fmt.Errorf("delete old events from the default partition: %w", err)
	}
	rows, err := tx.QueryContext(ctx, "SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') FROM "+live+"."+strays+" WHERE at < 'infinity' ORDER BY 1 LIMIT $1", maxStrayMonths)
	if err != nil {
		return nil, fmt.Errorf("look into the default partition: %w", err)
	}
	defer rows.Close()
	known := map[string]bool{}
	for _, one := range without {
		known[one.partition()] = true
	}
	for rows.Next() {
		var t time.Time
		if err := rows.Scan(&t); err != nil {
			return nil, fmt.Errorf("look into the default partition: %w", err)
		}
		if one := monthOf(t); !known[one.partition()] {
			months = append(months, one)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look into the default partition: %w", err)
	}
	return months, nil
}

// dropMonths drops the partitions that are older than what is kept. DROP TABLE needs the
// lock of the whole table, and waits only briefly for it, but several times. (DETACH
// CONCURRENTLY needs no such lock, but Postgres refuses it beside a default partition.)
func dropMonths(ctx context.Context, url string, m *Maintenance, done *Maintained) error {
	oldest := monthOf(m.Now).add(-m.Keep)
	for end := time.Now().Add(m.LockWait); ; {
		dropped, err := dropMonth(ctx, url, m.LockWait, oldest)
		switch {
		case err == nil && dropped == "":
			return nil
		case err == nil:
			done.Dropped = append(done.Dropped, dropped)
			continue
		case !errors.Is(err, ErrBusy) || !time.Now().Before(end):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// dropMonth drops one partition that is older than the oldest kept month, and returns its
// name; empty if there is none.
func dropMonth(ctx context.Context, url string, wait time.Duration, oldest month) (name string, err error) {
	err = withTx(ctx, url, func(tx *sql.Tx) error {
		if err := lock(ctx, tx, wait); err != nil {
			return err
		}
		found, err := readPartitions(ctx, tx)
		if err != nil {
			return err
		}
		for partition := range found {
			if of, is := parsePartition(partition); is && of.Before(oldest.Time) {
				name = partition
			}
		}
		if name == "" {
			return nil
		}
		if err := setLockTimeout(ctx, tx, dropWait); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DROP TABLE "+live+"."+name); err != nil {
			return fmt.Errorf("drop %s: %w", name, err)
		}
		return nil
	})
	return name, err
}

func deleteOrigins(ctx context.Context, url string, m *Maintenance, done *Maintained) error {
	for {
		var n int64
		err := withTx(ctx, url, func(tx *sql.Tx) error {
			result, err := tx.ExecContext(ctx, `
				DELETE FROM `+live+`.event_origins WHERE event IN (
					SELECT event FROM `+live+`.event_origins WHERE at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, m.Now.Add(-m.Origins), originBatch)
			if err == nil {
				n, err = result.RowsAffected()
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("delete old addresses and devices: %w", err)
		}
		done.Origins += n
		if n == 0 {
			return nil
		}
	}
}
