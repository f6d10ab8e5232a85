package schema

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
)

// record is the set of objects that Apply has created: "table accounts", "column
// accounts.name", "index accounts.accounts_email_unique", "check ...", "foreign_key ...".
// Everything else belongs to other programs, because a database may be shared.
type record map[string]bool

// beforeRecords is the record of databases that were created before there were records.
//
//go:embed before_records.txt
var beforeRecords string

func newRecord(names []string) record {
	r := record{}
	for _, name := range names {
		r[name] = true
	}
	return r
}

func (r record) list() []string { return slices.Sorted(maps.Keys(r)) }

func (r record) tables() (names []string) {
	for name := range r {
		if table, found := strings.CutPrefix(name, "table "); found {
			names = append(names, table)
		}
	}
	return names
}

func columnOf(table, column string) string { return "column " + table + "." + column }

// objects is the record of a desired state.
func objects(s *atlas.Schema) record {
	r := record{}
	for _, t := range s.Tables {
		r["table "+t.Name] = true
		for _, c := range t.Columns {
			r[columnOf(t.Name, c.Name)] = true
		}
		for _, i := range t.Indexes {
			r["index "+t.Name+"."+i.Name] = true
		}
		for _, f := range t.ForeignKeys {
			r["foreign_key "+t.Name+"."+f.Symbol] = true
		}
		for _, attr := range t.Attrs {
			if c, ok := attr.(*atlas.Check); ok {
				r["check "+t.Name+"."+c.Name] = true
			}
		}
	}
	return r
}

// readRecord returns an empty record if nothing was applied. It recognises a database that
// was restored without its record by the columns.
func readRecord(ctx context.Context, tx *sql.Tx) (record, error) {
	var ours, exists bool
	err := tx.QueryRowContext(ctx, `
		SELECT count(*) > 0, count(*) FILTER (WHERE attname IN ('singleton', 'fingerprint', 'applied_at')) = 3
		FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`, live+".schema_state").Scan(&exists, &ours)
	if err != nil {
		return nil, fmt.Errorf("look for the record of applied objects: %w", err)
	}
	switch {
	case !exists:
		return recordOfColumns(ctx, tx)
	case !ours:
		return record{}, nil
	}
	// Read as JSON, because older databases do not have the column.
	var text sql.NullString
	err = tx.QueryRowContext(ctx, "SELECT to_jsonb(s)->>'objects' FROM "+live+".schema_state s").Scan(&text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read the record of applied objects: %w", err)
	}
	var names []string
	if text.Valid {
		if err := json.Unmarshal([]byte(text.String), &names); err != nil {
			return nil, fmt.Errorf("read the record of applied objects: %w", err)
		}
	}
	if len(names) == 0 {
		names = strings.Split(strings.TrimSpace(beforeRecords), "\n")
	}
	return newRecord(names), nil
}

// recordOfColumns returns beforeRecords if the database has all of its columns, and
// otherwise an empty record.
func recordOfColumns(ctx context.Context, tx *sql.Tx) (record, error) {
	before := newRecord(strings.Split(strings.TrimSpace(beforeRecords), "\n"))
	var columns []string
	for name := range before {
		if strings.HasPrefix(name, "column ") && !strings.HasPrefix(name, "column schema_state.") {
			columns = append(columns, name)
		}
	}
	var all bool
	err := tx.QueryRowContext(ctx, `
		SELECT NOT EXISTS (SELECT unnest($1::text[]) EXCEPT
			SELECT 'column ' || c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
			WHERE c.relnamespace = to_regnamespace($2) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped)`, columns, live).Scan(&all)
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for tables of an older version: %w", err)
	case !all:
		return record{}, nil
	}
	return before, nil
}

// inspect reads only the tables that have our names.
func inspect(ctx context.Context, driver migrate.Driver, desired *atlas.Schema, ours record) (*atlas.Schema, error) {
	names := ours.tables()
	for _, t := range desired.Tables {
		names = append(names, t.Name)
	}
	current, err := driver.InspectSchema(ctx, live, &atlas.InspectOptions{Mode: atlas.InspectTables, Tables: names})
	if err != nil {
		return nil, fmt.Errorf("inspect the schema: %w", err)
	}
	return current, nil
}

// ForeignError means that an object of another program is in the way. Nothing was changed.
type ForeignError struct {
	Problems []string
	advice   string
}

func (e *ForeignError) Error() string {
	return strings.Join(e.Problems, "; ") + ". Nothing was changed. " + e.advice
}

// foreign looks for tables of other programs with one of our names, and for columns of others
// in our tables that would make our inserts fail. Error: *ForeignError.
func foreign(current, desired *atlas.Schema, ours record) error {
	var problems []string
	for _, want := range desired.Tables {
		have, found := current.Table(want.Name)
		if !found {
			continue
		}
		if !ours["table "+want.Name] && !hasColumns(have, want) {
			problems = append(problems, fmt.Sprintf("the table %s.%s exists, and was not made by auth-api", live, want.Name))
			continue
		}
		for _, c := range have.Columns {
			_, wanted := want.Column(c.Name)
			if !wanted && !ours[columnOf(want.Name, c.Name)] && isNeeded(c) {
				problems = append(problems, fmt.Sprintf(
					"the column %s.%s.%s was not made by auth-api, and no row can be inserted without it: give it a default, or DROP NOT NULL", live, want.Name, c.Name))
			}
		}
	}
	if len(problems) > 0 {
		return &ForeignError{problems, "Give auth-api a database of its own (AUTH_DB_NAME or AUTH_DB_URL)"}
	}
	return nil
}

// hasColumns reports whether a table has all of our columns. Then it is ours even without a
// record, for example after it was restored.
func hasColumns(have, want *atlas.Table) bool {
	return !slices.ContainsFunc(want.Columns, func(c *atlas.Column) bool {
		_, found := have.Column(c.Name)
		return !found
	})
}

// isNeeded reports whether an INSERT fails without the column.
func isNeeded(c *atlas.Column) bool {
	generated := slices.ContainsFunc(c.Attrs, func(a atlas.Attr) bool {
		switch a.(type) {
		case *postgres.Identity, *atlas.GeneratedExpr:
			return true
		}
		return false
	})
	_, serial := c.Type.Type.(*postgres.SerialType)
	return !c.Type.Null && c.Default == nil && !generated && !serial
}

// onlyOurs removes the changes that would drop objects of other programs.
func onlyOurs(changes []atlas.Change, ours record) (kept []atlas.Change) {
	for _, change := range changes {
		switch c := change.(type) {
		case *atlas.DropTable:
			if ours["table "+c.T.Name] {
				kept = append(kept, c)
			}
		case *atlas.ModifyTable:
			c.Changes = slices.DeleteFunc(c.Changes, func(inner atlas.Change) bool {
				name := dropped(c.T.Name, inner)
				return name != "" && !ours[name]
			})
			if len(c.Changes) > 0 {
				kept = append(kept, c)
			}
		default:
			kept = append(kept, c)
		}
	}
	return kept
}

// dropped returns the object that a change of a table drops, named as in a record.
func dropped(table string, change atlas.Change) string {
	switch c := change.(type) {
	case *atlas.DropColumn:
		return columnOf(table, c.C.Name)
	case *atlas.DropIndex:
		return "index " + table + "." + c.I.Name
	case *atlas.DropForeignKey:
		return "foreign_key " + table + "." + c.F.Symbol
	case *atlas.DropCheck:
		return "check " + table + "." + c.C.Name
	}
	return ""
}
