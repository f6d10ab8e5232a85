package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"auth.books.test/schema/connect"
)

const connectTimeout = 2 * time.Second

// DB is the auth database. It is safe for use by several goroutines.
type DB struct {
	pool     *pgxpool.Pool
	timeout  time.Duration
	settings []connect.Setting
	// pooled says whether the latest connection led to a pooler; the next one most likely
	// does too. For an open connection see isPooled.
	pooled   atomic.Bool
	begin    string // the SQL that begins a transaction behind a pooler
	problems problems
	// warnOwner logs once that the user owns the tables.
	warnOwner sync.Once
}

// Options of a DB. All are required.
type Options struct {
	// Pool has the address of Postgres and the maximum of connections. Open modifies it.
	Pool *pgxpool.Config
	// Timeout is the deadline of a transaction.
	Timeout time.Duration
	Now     func() time.Time
	Log     *slog.Logger
}

// Open makes a DB. It does not connect yet.
func Open(ctx context.Context, o Options) (*DB, error) {
	c := o.Pool
	d := &DB{timeout: o.Timeout, settings: connect.Settings(o.Timeout), problems: problems{now: o.Now, log: o.Log}}
	d.begin = connect.Begin(d.settings)
	connect.Prepare(c.ConnConfig, "auth-api")
	c.ConnConfig.ConnectTimeout = connectTimeout
	c.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		if d.pooled.Load() && usesNames(c.DefaultQueryExecMode) {
			c.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		}
		return nil
	}
	c.AfterConnect = d.connected
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open Postgres: %w", err)
	}
	d.pool = pool
	return d, nil
}

// errReconnect means that a connection that prepares statements by name leads to a pooler.
var errReconnect = errors.New("a pooler is in front of Postgres")

func usesNames(mode pgx.QueryExecMode) bool { return mode == pgx.QueryExecModeCacheStatement }

// pooledKey is the key of the mark at a connection that leads to a pooler.
const pooledKey = "auth-api: behind a pooler"

func isPooled(c *pgx.Conn) bool { return c.PgConn().CustomData()[pooledKey] != nil }

// connected checks a new connection and, if it is direct, applies the settings. Errors:
// connect.ErrStandby, *connect.EncodingError, errReconnect.
func (d *DB) connected(ctx context.Context, c *pgx.Conn) error {
	var direct, standby bool
	var encoding, ignored string
	own := fmt.Sprintf("pg_backend_pid() = %d", c.PgConn().PID())
	err := c.QueryRow(ctx, `SELECT `+own+`, pg_is_in_recovery(), current_setting('server_encoding'),
		CASE WHEN `+own+` THEN `+connect.Session(d.settings)+` ELSE '' END`, pgx.QueryExecModeSimpleProtocol).
		Scan(&direct, &standby, &encoding, &ignored)
	switch {
	case err != nil:
		return fmt.Errorf("set up a connection: %w", err)
	case encoding != "UTF8":
		return &connect.EncodingError{Encoding: encoding}
	case standby:
		return connect.ErrStandby
	}
	d.pooled.Store(!direct)
	if direct {
		return nil
	}
	if usesNames(c.Config().DefaultQueryExecMode) {
		return errReconnect
	}
	c.PgConn().CustomData()[pooledKey] = true
	return nil
}

// SQL is the same pool for database/sql.
func (d *DB) SQL() *sql.DB { return stdlib.OpenDBFromPool(d.pool) }

// Timeout is the deadline of a transaction.
func (d *DB) Timeout() time.Duration { return d.timeout }

// Stat is the state of the pool.
func (d *DB) Stat() *pgxpool.Stat { return d.pool.Stat() }

// Close ends all connections.
func (d *DB) Close() { d.pool.Close() }
