package schema

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
)

const (
	// partitioned is the table with one partition a month.
	partitioned = "events"
	// strays is its default partition. It takes rows of months without a partition, so
	// that no sign-in fails because of a missing one.
	strays = partitioned + "_default"
	// monthsAhead is how many months are made in advance.
	monthsAhead = 3
)

// month is the first moment of a month, in UTC.
type month struct{ time.Time }

func monthOf(t time.Time) month {
	t = t.UTC()
	return month{time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)}
}

func (m month) add(months int) month { return month{m.AddDate(0, months, 0)} }

// partition is the name of the month's partition.
func (m month) partition() string { return partitioned + m.Format("_2006_01") }

// bound is the beginning of the month as a literal of SQL.
func (m month) bound() string { return "'" + m.Format("2006-01-02 15:04:05") + "+00'" }

var partitionName = regexp.MustCompile(`^` + partitioned + `(_\d{4}_\d{2})$`)

// parsePartition returns the month of a partition's name.
func parsePartition(name string) (month, bool) {
	found := partitionName.FindStringSubmatch(name)
	if found == nil {
		return month{}, false
	}
	t, err := time.Parse("_2006_01", found[1])
	return month{t}, err == nil
}

// partitions are the partitions that a database has, by name.
type partitions map[string]bool

func readPartitions(ctx context.Context, tx *sql.Tx) (partitions, error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = to_regclass($1) AND c.relnamespace = to_regnamespace($2)`, live+"."+partitioned, live)
	if err != nil {
		return nil, fmt.Errorf("list the partitions of %s: %w", partitioned, err)
	}
	defer rows.Close()
	found := partitions{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list the partitions of %s: %w", partitioned, err)
		}
		found[name] = true
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list the partitions of %s: %w", partitioned, err)
	}
	return found, nil
}

// missingPartitions returns the statements that make the default partition, the present
// month and those ahead, as far as they are missing. Error: *ForeignError.
func missingPartitions(ctx context.Context, tx *sql.Tx, desired *atlas.Schema, now time.Time) ([]string, error) {
	if !hasMonths(desired) {
		return nil, nil
	}
	found, err := readPartitions(ctx, tx)
	if err != nil {
		return nil, err
	}
	if now.IsZero() {
		if err := tx.QueryRowContext(ctx, "SELECT now()").Scan(&now); err != nil {
			return nil, fmt.Errorf("ask the database for the time: %w", err)
		}
	}
	var months []month
	for n := range monthsAhead + 1 {
		months = append(months, monthOf(now).add(n))
	}
	return addPartitions(ctx, tx, found, months)
}

// hasMonths says whether the desired state has the partitioned table.
func hasMonths(desired *atlas.Schema) bool {
	t, found := desired.Table(partitioned)
	return found && slices.ContainsFunc(t.Attrs, func(a atlas.Attr) bool { _, is := a.(*postgres.Partition); return is })
}

// addPartitions returns the statements that make the default partition and these months. A
// month is filled before it is attached: attaching fails while the default partition has
// rows of the month. It does not block inserts, as CREATE TABLE … PARTITION OF would.
func addPartitions(ctx context.Context, tx *sql.Tx, found partitions, months []month) (statements []string, err error) {
	months = slices.DeleteFunc(slices.Clone(months), func(m month) bool { return found[m.partition()] })
	var names []string
	for _, m := range months {
		names = append(names, m.partition())
	}
	if !found[strays] {
		names = append(names, strays)
	}
	if err := notTaken(ctx, tx, names); err != nil {
		return nil, err
	}
	parent, defaults := live+"."+partitioned, live+"."+strays
	switch {
	case !found[strays]:
		statements = append(statements, "CREATE TABLE "+defaults+" PARTITION OF "+parent+" DEFAULT")
	case len(months) > 0:
		// No row may come between moving the rows and attaching the partition.
		statements = append(statements, "LOCK TABLE "+defaults+" IN ACCESS EXCLUSIVE MODE")
	}
	for _, m := range months {
		name, from, to := live+"."+m.partition(), m.bound(), m.add(1).bound()
		statements = append(statements, "CREATE TABLE "+name+" (LIKE "+parent+" INCLUDING ALL)")
		if found[strays] {
			statements = append(statements, "WITH moved AS (DELETE FROM "+defaults+" WHERE at >= "+from+" AND at < "+to+" RETURNING *) INSERT INTO "+name+" SELECT * FROM moved")
		}
		statements = append(statements, "ALTER TABLE "+parent+" ATTACH PARTITION "+name+" FOR VALUES FROM ("+from+") TO ("+to+")")
	}
	return statements, nil
}

// notTaken refuses names that tables of other programs have. Error: *ForeignError.
func notTaken(ctx context.Context, tx *sql.Tx, names []string) error {
	var problems []string
	for _, name := range names {
		var taken bool
		if err := tx.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", live+"."+name).Scan(&taken); err != nil {
			return fmt.Errorf("look for the table %s: %w", name, err)
		}
		if taken {
			problems = append(problems, fmt.Sprintf("the table %s.%s exists, and is no partition of %s", live, name, partitioned))
		}
	}
	if len(problems) > 0 {
		return &ForeignError{problems, "Rename it, or give auth-api a database of its own (AUTH_DB_NAME or AUTH_DB_URL); it needs the names " + strings.Join(names, ", ")}
	}
	return nil
}
