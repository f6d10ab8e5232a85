package devstack_test

import (
	"path/filepath"
	"testing"

	"auth.books.test/internal/devstack"
)

func TestPostgresOfATemplateIsEmptyAndItsOwn(t *testing.T) {
	t.Parallel()
	templates := t.TempDir()
	kept := func() []string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(templates, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for range 2 {
		o := devstack.Options{Dir: t.TempDir(), Templates: templates, Scratch: true}
		s := start(t, devstack.StartPostgres, o)
		if n := query(t, s.URL, "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'"); n != "0" {
			t.Errorf("%s tables of another are here", n)
		}
		query(t, s.URL, "CREATE TABLE books (title text)")
		if found := kept(); len(found) != 1 {
			t.Errorf("one template is enough: %q", found)
		}
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		again := start(t, devstack.StartPostgres, o)
		if n := query(t, again.URL, "SELECT count(*)::text FROM books"); n != "0" {
			t.Errorf("after a restart there are %s books", n)
		}
	}
}
