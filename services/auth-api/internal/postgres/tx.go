package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"auth.books.test/schema/connect"
	"auth.books.test/services/auth-api/internal/fault"
)

// maxAttempts allows one idle connection that broke, and one that unexpectedly leads to a
// pooler, before the attempt that succeeds.
const maxAttempts = 3

// Querier runs single statements.
type Querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Tx runs work in a transaction with a deadline, at READ COMMITTED. Faults: those that work
// returns, and store_unavailable for any other error.
func (d *DB) Tx(ctx context.Context, work func(context.Context, pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return d.coded(d.tx(ctx, work))
}

// One runs a single statement with a deadline. On a direct connection it needs no
// transaction, which saves two round trips. Faults: those that work returns, and
// store_unavailable for any other error but pgx.ErrNoRows.
func (d *DB) One(ctx context.Context, work func(context.Context, Querier) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	err := d.one(ctx, work)
	if errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	return d.coded(err)
}

func (d *DB) one(ctx context.Context, work func(context.Context, Querier) error) error {
	c, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	if isPooled(c.Conn()) {
		c.Release()
		return d.tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return work(ctx, tx) })
	}
	defer c.Release()
	err = work(ctx, c)
	discard(c, err)
	return err
}

func (d *DB) tx(ctx context.Context, work func(context.Context, pgx.Tx) error) error {
	c, tx, err := d.beginTx(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	// After a commit, Rollback does nothing.
	defer func() { _ = tx.Rollback(ctx) }()
	if err := work(ctx, tx); err != nil {
		discard(c, err)
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// beginTx begins a transaction. If that fails it tries another connection, which is safe
// since nothing was done yet.
func (d *DB) beginTx(ctx context.Context) (c *pgxpool.Conn, tx pgx.Tx, err error) {
	for range maxAttempts {
		if c, err = d.acquire(ctx); err != nil {
			return nil, nil, err
		}
		o := pgx.TxOptions{IsoLevel: pgx.ReadCommitted}
		if isPooled(c.Conn()) {
			o = pgx.TxOptions{BeginQuery: d.begin}
		}
		if tx, err = c.BeginTx(ctx, o); err == nil {
			return c, tx, nil
		}
		if isPooled(c.Conn()) && connect.BeganOnStandby(err) {
			err = fmt.Errorf("%w: %w", connect.ErrStandby, err)
		}
		discard(c, err)
		c.Release()
		if ctx.Err() != nil {
			break
		}
	}
	return nil, nil, fmt.Errorf("begin: %w", err)
}

func (d *DB) acquire(ctx context.Context) (c *pgxpool.Conn, err error) {
	for range maxAttempts {
		if c, err = d.pool.Acquire(ctx); !errors.Is(err, errReconnect) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return c, nil
}

// discard closes a connection to a read-only server, so that the next one can lead to the
// server that has become the primary.
func discard(c *pgxpool.Conn, err error) {
	if connect.IsReadOnly(err) {
		_ = c.Conn().PgConn().Conn().Close()
		_ = c.Conn().Close(context.Background())
	}
}

// coded turns an error without a code into store_unavailable.
func (d *DB) coded(err error) error {
	var has *fault.Error
	if err == nil || errors.As(err, &has) {
		return err
	}
	d.problems.note(err)
	return fault.Unavailable(err)
}
