package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib" // database/sql, which Atlas needs

	"auth.books.test/schema/connect"
)

const (
	// advisoryLock is the lock for changes of the schema ("auth" in ASCII).
	advisoryLock = 0x61757468
	// tableWait is how long a change waits for a table that is in use. While it waits, all
	// later statements on the table wait behind it.
	tableWait = 3 * time.Second
	// connectTimeout applies to each address of the host.
	connectTimeout = 5 * time.Second
)

// ErrBusy means that another process is changing the schema, or that a table was in use for
// too long. Nothing was changed; try again.
var ErrBusy = errors.New("the schema or one of its tables is in use")

// ErrUnreachable means that Postgres does not answer, or refuses the user or password.
// Nothing was changed.
var ErrUnreachable = errors.New("connect to Postgres")

// Plan is how Apply would change a database to the desired state.
type Plan struct {
	// Statements are in order; none if the database has the desired state.
	Statements []string
	// Destructive lists the changes that can lose data; see Options.Allow.
	Destructive []string

	record record // after the change
}

// Options of Plan and Apply.
type Options struct {
	// Allow lists the destructive changes that are allowed, as named in Plan.Destructive.
	Allow []string
	// LockWait is how long to wait for another process that is changing the schema. Zero
	// means one minute.
	LockWait time.Duration
	// ServiceRole is the role that gets the rights of the service; see Rights. If it is empty,
	// nobody's rights are changed.
	ServiceRole string
	// Now decides which months the table of events needs. Zero means the database's time.
	Now time.Time
}

// Plan returns what Apply would do. It changes nothing. Error: ErrBusy.
func (d Desired) Plan(ctx context.Context, url string, o Options) (p Plan, err error) {
	err = withTx(ctx, url, func(tx *sql.Tx) error {
		if p, err = d.plan(ctx, tx, o); err != nil {
			return err
		}
		return errRollback
	})
	if err != nil && !errors.Is(err, errRollback) {
		return Plan{}, fmt.Errorf("plan the schema: %w", err)
	}
	return p, nil
}

// errRollback ends a transaction that only reads.
var errRollback = errors.New("roll back")

func (d Desired) plan(ctx context.Context, tx *sql.Tx, o Options) (Plan, error) {
	if err := lock(ctx, tx, o.LockWait); err != nil {
		return Plan{}, err
	}
	driver, err := postgres.Open(tx)
	if err != nil {
		return Plan{}, fmt.Errorf("open Atlas: %w", err)
	}
	desired, err := d.normalised(ctx, tx, driver)
	if err != nil {
		return Plan{}, err
	}
	record, err := readRecord(ctx, tx)
	if err != nil {
		return Plan{}, err
	}
	current, err := inspect(ctx, driver, desired, record)
	if err != nil {
		return Plan{}, err
	}
	before, after, err := moveFrom(ctx, tx, current, desired, record)
	if err != nil {
		return Plan{}, err
	}
	if err := foreign(current, desired, record); err != nil {
		return Plan{}, err
	}
	// Attributes of the schema itself, such as comments, are not ours.
	desired.Attrs = current.Attrs
	changes, err := driver.SchemaDiff(current, desired, atlas.DiffNormalized())
	if err != nil {
		return Plan{}, fmt.Errorf("compare the schema: %w", err)
	}
	grants, err := d.grants(ctx, tx, o.ServiceRole, func(table string) bool {
		_, found := current.Table(table)
		return !found
	})
	if err != nil {
		return Plan{}, err
	}
	months, err := missingPartitions(ctx, tx, desired, o.Now)
	if err != nil {
		return Plan{}, err
	}
	if changes = onlyOurs(changes, record); len(changes) == 0 {
		return Plan{Statements: slices.Concat(months, grants), record: objects(desired)}, nil
	}
	lost := destructive(changes)
	var last []atlas.Change
	if len(after) > 0 {
		changes, last = keysLast(changes)
	}
	first, err := planned(ctx, driver, changes)
	if err != nil {
		return Plan{}, err
	}
	keys, err := planned(ctx, driver, last)
	if err != nil {
		return Plan{}, err
	}
	return Plan{
		Statements:  slices.Concat(statementsOf(before), first, statementsOf(after), keys, months, grants),
		Destructive: lost, record: objects(desired),
	}, nil
}

func planned(ctx context.Context, driver migrate.Driver, changes []atlas.Change) ([]string, error) {
	p, err := driver.PlanChanges(ctx, "apply", changes)
	if err != nil {
		return nil, fmt.Errorf("plan the changes: %w", err)
	}
	out := make([]string, len(p.Changes))
	for i, c := range p.Changes {
		out[i] = c.Cmd
	}
	return out, nil
}

// lock takes a lock of the transaction, not of the session, which a pooler in transaction
// mode would lose.
func lock(ctx context.Context, tx *sql.Tx, wait time.Duration) error {
	if wait <= 0 {
		wait = time.Minute
	}
	if err := setLockTimeout(ctx, tx, wait); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", advisoryLock); err != nil {
		return fmt.Errorf("wait for another process that changes the schema: %w", err)
	}
	return setLockTimeout(ctx, tx, tableWait)
}

func setLockTimeout(ctx context.Context, tx *sql.Tx, wait time.Duration) error {
	if _, err := tx.ExecContext(ctx, "SELECT set_config('lock_timeout', $1, true)", fmt.Sprint(wait.Milliseconds())); err != nil {
		return fmt.Errorf("set lock_timeout: %w", err)
	}
	return nil
}

func withTx(ctx context.Context, url string, work func(*sql.Tx) error) error {
	config, err := connect.Config(url, "auth-api schema")
	if err != nil {
		return err
	}
	config.ConnectTimeout = connectTimeout
	// A pooler would lose statements that are prepared by name.
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	db := stdlib.OpenDB(*config)
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := setUp(ctx, tx); err != nil {
		return busy(err)
	}
	if err := work(tx); err != nil {
		return busy(err)
	}
	if err := tx.Commit(); err != nil {
		return busy(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// setUp overrides the settings of the role and the database for the transaction. Errors:
// connect.ErrReadOnly, *connect.EncodingError.
func setUp(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, connect.Local(connect.Settings(0))); err != nil {
		return fmt.Errorf("set up the transaction: %w", err)
	}
	var encoding string
	var readOnly bool
	err := tx.QueryRowContext(ctx, "SELECT current_setting('server_encoding'), current_setting('transaction_read_only')::bool").Scan(&encoding, &readOnly)
	switch {
	case err != nil:
		return fmt.Errorf("read the settings of the database: %w", err)
	case encoding != "UTF8":
		return &connect.EncodingError{Encoding: encoding}
	case readOnly:
		return connect.ErrReadOnly
	}
	return nil
}

// busy adds ErrBusy to the error of a lock timeout (SQLSTATE 55P03) or a deadlock.
func busy(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "55P03" || pg.Code == "40P01") {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}
