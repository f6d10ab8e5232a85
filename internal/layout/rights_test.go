package layout_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auth.books.test/schema"
)

var (
	reads    = regexp.MustCompile(`(?i)(delete\s+)?\b(?:from|join|using)\s+([a-z_]+)`)
	inserts  = regexp.MustCompile(`(?i)\binsert\s+into\s+([a-z_]+)`)
	updates  = regexp.MustCompile(`(?i)\bupdate\s+([a-z_]+)`)
	deletes  = regexp.MustCompile(`(?i)\bdelete\s+from\s+([a-z_]+)`)
	locks    = regexp.MustCompile(`(?i)\bfor\s+(?:no\s+key\s+)?(?:update|(?:key\s+)?share)\b`)
	upsert   = regexp.MustCompile(`(?i)\bdo\s+update\b`)
	uncommon = regexp.MustCompile(`(?i)\b(?:truncate|copy|merge)\s+[a-z_]+`)
)

// usedRights are the rights that a statement needs, by table. A lock counts for every table
// that its statement reads.
func usedRights(statement string) map[string][]string {
	used := map[string][]string{}
	add := func(table, right string) {
		if !slices.Contains(used[table], right) {
			used[table] = append(used[table], right)
		}
	}
	for _, found := range reads.FindAllStringSubmatch(statement, -1) {
		if found[1] != "" {
			continue
		}
		add(found[2], "SELECT")
		if locks.MatchString(statement) {
			add(found[2], "UPDATE")
		}
	}
	for _, found := range inserts.FindAllStringSubmatch(statement, -1) {
		add(found[1], "INSERT")
		if upsert.MatchString(statement) {
			add(found[1], "UPDATE")
		}
	}
	for _, found := range updates.FindAllStringSubmatch(statement, -1) {
		add(found[1], "UPDATE")
	}
	for _, found := range deletes.FindAllStringSubmatch(statement, -1) {
		add(found[1], "DELETE")
	}
	return used
}

// A right that no statement needs is one that only a thief would use; a statement without
// its right fails in production alone, where the service does not own its tables.
func TestServiceHasTheRightsThatItsStatementsNeedAndNoOthers(t *testing.T) {
	t.Parallel()
	used := map[string]map[string]string{} // by table and right, where
	const services = "../../services/auth-api/internal"
	err := filepath.WalkDir(services, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, statement := range sqlIn(t, path, nil) {
			if found := uncommon.FindString(statement); found != "" {
				t.Errorf("%s: this test does not know which right %q needs", path, found)
			}
			for table, rights := range usedRights(statement) {
				for _, right := range rights {
					if used[table] == nil {
						used[table] = map[string]string{}
					}
					used[table][right] = path
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	owned := owners()
	for table, granted := range schema.Current().Rights() {
		if len(owned[table]) == 0 {
			continue // of package schema
		}
		for _, right := range granted {
			if used[table][right] == "" {
				t.Errorf("the service may %s %s, and no statement does", right, table)
			}
		}
		for right, path := range used[table] {
			if !slices.Contains(granted, right) {
				t.Errorf("%s needs %s on %s, which the service does not have", path, right, table)
			}
		}
	}
}

func TestRightsOfAStatementAreFound(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]map[string][]string{
		"SELECT FROM a JOIN b ON true FOR NO KEY UPDATE OF a":    {"a": {"SELECT", "UPDATE"}, "b": {"SELECT", "UPDATE"}},
		"INSERT INTO a SELECT 1 FROM b ON CONFLICT DO UPDATE":    {"a": {"INSERT", "UPDATE"}, "b": {"SELECT"}},
		"WITH x AS (DELETE FROM a USING b RETURNING 1) UPDATE c": {"a": {"DELETE"}, "b": {"SELECT"}, "c": {"UPDATE"}},
	} {
		got := usedRights(statement)
		delete(got, "x")
		for table, rights := range want {
			slices.Sort(got[table])
			if !slices.Equal(got[table], rights) {
				t.Errorf("%s: %s needs %q, want %q", statement, table, got[table], rights)
			}
		}
	}
}
