package resource_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

// A client has roles as people have, and what is taken is gone from its live tokens.
func TestClientHasRolesLikeAPerson(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	id := uuid.New()
	w.Clients.Add(id)
	draw := func(scopes ...string) (token.Token, error) {
		issued, err := w.Authorizations.Draw(t.Context(), authorization.Drawing{Client: id, Scopes: scopes, Audiences: []string{"books"}, Lifetime: time.Hour, PerSecond: 100, Alive: 100})
		return issued.Token, err
	}
	if _, err := draw("books:read"); fault.CodeOf(err) != fault.InvalidScope {
		t.Errorf("a scope without a role: %v", err)
	}
	authtest.WantCode(t, "assign", w.Resources.Assign(t.Context(), id.String(), "books", "editor"), "")
	authtest.WantCode(t, "assign once more", w.Resources.Assign(t.Context(), id.String(), "books", "editor"), "")
	all, err := draw()
	authtest.WantCode(t, "draw", err, "")
	reads, err := draw("books:read")
	authtest.WantCode(t, "draw with fewer scopes", err, "")
	w.WantScopes("all", all, "books:read", "books:write")
	w.WantScopes("fewer", reads, "books:read")
	authtest.WantCode(t, "set role", w.Resources.SetRole(t.Context(), "books", "editor", []string{"books:write"}), "")
	w.WantScopes("all, narrowed", all, "books:write")
	w.WantScopes("fewer, narrowed", reads)
	authtest.WantCode(t, "unassign", w.Resources.Unassign(t.Context(), id.String(), "books", "editor"), "")
	w.WantScopes("all, without the role", all)
	authtest.WantCode(t, "neither account nor client", w.Resources.Assign(t.Context(), uuid.NewString(), "books", "editor"), fault.AccountNotFound)
	if actor := w.Text(`SELECT DISTINCT subject_kind FROM events WHERE subject = $1`, id); actor != "client" {
		t.Errorf("the events are of a %s", actor)
	}
}

func TestScopesThatSayWhoAPersonIsAreReserved(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	for _, scope := range authorization.IdentityScopes() {
		authtest.WantInvalid(t, scope, w.Resources.Create(t.Context(), "films", []string{scope}), "scope", "reserved")
	}
}
