package resource_test

import (
	"os"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/authtest"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const (
	ada      = "ada@books.test"
	grace    = "grace@books.test"
	password = "violet teapot marches north"
)

// withBooks has an API that offers reading and writing, with a role for each and one for
// both, and two people without a role.
func withBooks(t *testing.T) *authtest.World {
	t.Helper()
	return fill(t, authtest.New(t))
}

func fill(t *testing.T, w *authtest.World) *authtest.World {
	t.Helper()
	ctx := t.Context()
	authtest.WantCode(t, "create books", w.Resources.Create(ctx, "books", []string{"books:write", "books:read"}), "")
	for role, scopes := range map[string][]string{"reader": {"books:read"}, "writer": {"books:write"}, "editor": {"books:read", "books:write"}} {
		authtest.WantCode(t, "create "+role, w.Resources.CreateRole(ctx, "books", role, scopes), "")
	}
	w.Register(ada, password)
	w.Register(grace, password)
	return w
}
