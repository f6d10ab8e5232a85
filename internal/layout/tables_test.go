package layout_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"auth.books.test/schema"
)

// owners are the packages of auth-api that name each table in SQL.
func owners() map[string][]string {
	return map[string][]string{
		"accounts":            {"account"},
		"subjects":            {"authorization"},
		"consents":            {"authorization"},
		"authorizations":      {"authorization"},
		"access_tokens":       {"authorization"},
		"outbox":              {"authorization"},
		"refresh_tokens":      {"authorization"},
		"authorization_codes": {"oauth"},
		"pushed_requests":     {"oauth"},
		"codes":               {"code"},
		"totps":               {"factor"},
		"recovery_codes":      {"factor"},
		"passkeys":            {"passkey", "factor"}, // factor counts them, and forgets them with the second step
		"spent_ceremonies":    {"passkey"},
		"sign_in_challenges":  {"factor"},
		"sessions":            {"session"},
		"personal_tokens":     {"personal"},
		"apis":                {"resource", "client"}, // a client is of an API, and its record says which scopes that offers
		"roles":               {"resource"},
		"role_assignments":    {"resource"},
		"clients":             {"client"},
		"client_assertions":   {"client"},
		"events":              {"audit"},
		"event_origins":       {"audit"},
		"mails":               {"mail"},
		"schema_state":        {}, // package schema's
	}
}

var named = regexp.MustCompile(`(?i)\b(?:from|join|update|into)\s+([a-z_]+)`)

// tablesIn are those that a Go file names in SQL.
func tablesIn(t *testing.T, name string, source any) (tables []string) {
	t.Helper()
	for _, text := range sqlIn(t, name, source) {
		for _, found := range named.FindAllStringSubmatch(text, -1) {
			tables = append(tables, found[1])
		}
	}
	return tables
}

// sqlIn are the strings of a Go file that hold SQL.
func sqlIn(t *testing.T, name string, source any) (statements []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		literal, is := n.(*ast.BasicLit)
		if !is || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil || !strings.Contains(text, "SELECT") && !strings.Contains(text, "UPDATE ") && !strings.Contains(text, "INSERT ") && !strings.Contains(text, "DELETE ") && !strings.Contains(text, " JOIN ") {
			return true
		}
		statements = append(statements, text)
		return true
	})
	return statements
}

func TestOnePackageNamesATable(t *testing.T) {
	t.Parallel()
	owned, found := owners(), map[string]bool{}
	for table := range schema.Current().Columns() {
		if _, known := owned[table]; !known {
			t.Errorf("no package owns the table %s: put it into owners", table)
		}
	}
	const services = "../../services/auth-api/internal"
	err := filepath.WalkDir(services, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		relative, err := filepath.Rel(services, path)
		if err != nil {
			return err
		}
		name, _, _ := strings.Cut(filepath.ToSlash(relative), "/")
		for _, table := range tablesIn(t, path, nil) {
			by, ours := owned[table]
			if ours && !slices.Contains(by, name) {
				t.Errorf("%s names the table %s, which is of %v", relative, table, by)
			}
			found[table] = found[table] || ours
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for table, by := range owned {
		if len(by) > 0 && !found[table] {
			t.Errorf("nobody names the table %s: nothing is tested", table)
		}
	}
}

func TestTablesAreFoundInSQL(t *testing.T) {
	t.Parallel()
	got := tablesIn(t, "x.go", "package x\nconst q = `SELECT 1 FROM accounts a JOIN roles r ON true`\nvar p = \"UPDATE subjects SET x = 1\" // FROM clients\n")
	if want := []string{"accounts", "roles", "subjects"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
