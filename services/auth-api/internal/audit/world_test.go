package audit_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/authtest"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const (
	ada      = "ada@books.test"
	password = "violet teapot marches north"
)

// world is a World whose database the test can maintain.
type world struct {
	*authtest.World
	t   *testing.T
	url string
}

func newWorld(t *testing.T) world {
	t.Helper()
	url := schematest.Database(t)
	return world{authtest.On(t, authtest.Stores{Postgres: url}), t, url}
}

func (w world) count(query string, args ...any) int {
	w.t.Helper()
	n, err := strconv.Atoi(w.Text(query, args...))
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w world) maintain() schema.Maintained {
	w.t.Helper()
	done, err := schema.Maintain(w.t.Context(), w.url, schema.Maintenance{Keep: 13, Origins: 90 * 24 * time.Hour, Now: w.Clock.Now()})
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}
