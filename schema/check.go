package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5/pgconn"
)

// Status is whether a database has everything that a desired state needs.
type Status struct {
	// Current is true if nothing is missing.
	Current bool
	// Missing lists what is missing, such as "table sessions", "column accounts.name" and
	// "index accounts_email_unique".
	Missing []string
}

// String is one line for a log or a readiness answer.
func (s Status) String() string {
	if s.Current {
		return "current"
	}
	return "missing " + strings.Join(s.Missing, ", ") + "; run: auth-api schema apply"
}

// Check reports whether the database has everything that the desired state needs. It only
// reads and takes no lock. An error means that the database could not be read.
func (d Desired) Check(ctx context.Context, db *sql.DB) (Status, error) {
	var applied string
	err := db.QueryRowContext(ctx, "SELECT fingerprint FROM "+live+".schema_state").Scan(&applied)
	if err == nil && applied == d.Fingerprint() {
		return Status{Current: true}, nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) && !isUndefinedTable(err) {
		return Status{}, fmt.Errorf("read the schema's fingerprint: %w", err)
	}
	return d.compare(ctx, db)
}

// compare looks for each object, because another version of the schema may have everything
// as well.
func (d Desired) compare(ctx context.Context, db *sql.DB) (Status, error) {
	desired, err := d.evaluate()
	if err != nil {
		return Status{}, err
	}
	driver, err := postgres.Open(db)
	if err != nil {
		return Status{}, fmt.Errorf("open Atlas: %w", err)
	}
	current, err := inspect(ctx, driver, desired, nil)
	if err != nil {
		return Status{}, err
	}
	missing := missing(current, desired)
	return Status{Current: len(missing) == 0, Missing: missing}, nil
}

func missing(current, desired *atlas.Schema) (names []string) {
	for _, want := range desired.Tables {
		have, found := current.Table(want.Name)
		if !found {
			names = append(names, "table "+want.Name)
			continue
		}
		for _, column := range want.Columns {
			if _, found := have.Column(column.Name); !found {
				names = append(names, "column "+want.Name+"."+column.Name)
			}
		}
		for _, index := range want.Indexes {
			if _, found := have.Index(index.Name); !found {
				names = append(names, "index "+index.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func isUndefinedTable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "42703") // undefined table, or undefined column if another program has a table of this name
}
