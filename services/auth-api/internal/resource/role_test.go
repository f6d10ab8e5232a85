package resource_test

import (
	"strings"
	"sync"
	"testing"

	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

func TestARefusedRoleChangesNothing(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	authtest.WantCode(t, "create shop", w.Resources.Create(t.Context(), "shop", []string{"shop:buy"}), "")
	before := w.Text(roles)
	create := func(audience, role string, scopes ...string) error {
		return w.Resources.CreateRole(t.Context(), audience, role, scopes)
	}
	set := func(audience, role string, scopes ...string) error {
		return w.Resources.SetRole(t.Context(), audience, role, scopes)
	}
	for _, role := range []string{"", "Reader", "a b", ".reader", strings.Repeat("a", 65)} {
		authtest.WantInvalid(t, role, create("books", role, "books:read"), "role", "not_a_name")
	}
	authtest.WantInvalid(t, "no scope", create("books", "lender"), "scope", "required")
	authtest.WantInvalid(t, "a scope that is not offered", create("books", "lender", "books:read", "books:lend"), "scope", "not_offered")
	authtest.WantInvalid(t, "a scope of another API", create("books", "lender", "shop:buy"), "scope", "not_offered")
	authtest.WantInvalid(t, "the reserved scope", create("books", "lender", "account"), "scope", "reserved")
	authtest.WantCode(t, "an unknown API", create("films", "viewer", "books:read"), fault.APINotFound)
	authtest.WantCode(t, "a role that is there", create("books", "reader", "books:write"), fault.AlreadyExists)

	authtest.WantInvalid(t, "set no scope", set("books", "reader"), "scope", "required")
	authtest.WantInvalid(t, "set a scope that is not offered", set("books", "reader", "books:lend"), "scope", "not_offered")
	authtest.WantInvalid(t, "set the reserved scope", set("books", "reader", "account"), "scope", "reserved")
	authtest.WantCode(t, "set at an unknown API", set("films", "reader", "books:read"), fault.APINotFound)
	authtest.WantCode(t, "set an unknown role", set("books", "lender", "books:read"), fault.RoleNotFound)
	authtest.WantCode(t, "set what is no name", set("books", "No Role", "books:read"), fault.RoleNotFound)
	authtest.WantCode(t, "set another API's role", set("shop", "reader", "shop:buy"), fault.RoleNotFound)
	if after := w.Text(roles); after != before {
		t.Errorf("the roles were %s and are %s", before, after)
	}
	// Two APIs may have roles of the same name.
	authtest.WantCode(t, "the same name at another API", create("shop", "reader", "shop:buy"), "")
}

func TestARoleNarrowsTheLiveTokensOfAllWhoHaveIt(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	for _, email := range []string{ada, grace} {
		authtest.WantCode(t, "assign", w.Resources.Assign(t.Context(), email, "books", "editor"), "")
	}
	mine, theirs := w.SignIn(ada, password).Token, w.SignIn(grace, password).Token
	each := func(what string, scopes ...string) {
		t.Helper()
		for _, tok := range []token.Token{mine, theirs} {
			w.WantScopes(what, tok, scopes...)
		}
	}
	set := func(scopes ...string) {
		t.Helper()
		authtest.WantCode(t, "set role", w.Resources.SetRole(t.Context(), "books", "editor", scopes), "")
	}
	each("before", "account", "books:read", "books:write")
	set("books:read")
	each("narrowed", "account", "books:read")
	set("books:read")
	each("once more", "account", "books:read")
	// A new sign-in has the role's present scopes; an earlier one gets back those that it
	// was issued with.
	set("books:read", "books:write")
	w.WantScopes("a new sign-in", w.SignIn(ada, password).Token, "account", "books:read", "books:write")
	each("widened", "account", "books:read", "books:write")
}

// If two roles have the same scope, removing one of them removes nothing.
func TestScopeOfAnotherRoleRemains(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	for _, role := range []string{"reader", "editor"} {
		authtest.WantCode(t, "assign", w.Resources.Assign(t.Context(), ada, "books", role), "")
	}
	tok := w.SignIn(ada, password).Token
	w.WantScopes("with both", tok, "account", "books:read", "books:write")
	authtest.WantCode(t, "take editor away", w.Resources.Unassign(t.Context(), ada, "books", "editor"), "")
	w.WantScopes("with the reader's", tok, "account", "books:read")
	authtest.WantCode(t, "take reader away", w.Resources.Unassign(t.Context(), ada, "books", "reader"), "")
	w.WantScopes("with none", tok, "account")
	if p := w.Verify(tok); p != nil && len(p.Audiences) != 0 {
		t.Errorf("the token is still for %q", p.Audiences)
	}
}

func TestAssigningAndTakingAwayTwiceIsNoError(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	theirs := w.SignIn(grace, password).Token
	const assigned = `SELECT count(*) FROM role_assignments`
	for range 2 {
		authtest.WantCode(t, "assign", w.Resources.Assign(t.Context(), "ADA@books.test", "books", "reader"), "")
	}
	if n := w.Text(assigned); n != "1" {
		t.Errorf("%s assignments, want 1", n)
	}
	before := w.SignIn(ada, password).Token
	w.WantScopes("assigned", before, "account", "books:read")
	w.WantScopes("another person", theirs, "account")
	for range 2 {
		authtest.WantCode(t, "take away", w.Resources.Unassign(t.Context(), ada, "books", "reader"), "")
		w.WantScopes("taken away", before, "account")
	}
	if n := w.Text(assigned); n != "0" {
		t.Errorf("%s assignments, want 0", n)
	}
	w.WantScopes("a new sign-in", w.SignIn(ada, password).Token, "account")
}

func TestUnknownAssignmentIsRefused(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	for what, change := range map[string]func(email, audience, role string) error{
		"assign":   func(e, a, r string) error { return w.Resources.Assign(t.Context(), e, a, r) },
		"unassign": func(e, a, r string) error { return w.Resources.Unassign(t.Context(), e, a, r) },
	} {
		authtest.WantCode(t, what+" nobody", change("nobody@books.test", "books", "reader"), fault.AccountNotFound)
		authtest.WantCode(t, what+" what is no address", change("nobody", "books", "reader"), fault.AccountNotFound)
		authtest.WantCode(t, what+" at an unknown API", change(ada, "films", "reader"), fault.APINotFound)
		authtest.WantCode(t, what+" an unknown role", change(ada, "books", "lender"), fault.RoleNotFound)
	}
	if n := w.Text(`SELECT count(*) FROM role_assignments`); n != "0" {
		t.Errorf("%s assignments", n)
	}
}

// If an account is deleted while a role is assigned to it, it ends without the role,
// whichever is first.
func TestADeletedAccountIsGivenNoRole(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	for range 10 {
		id := w.Register("short@books.test", password)
		var both sync.WaitGroup
		both.Go(func() {
			authtest.WantCode(t, "delete", w.Accounts.Delete(t.Context(), id, password), "")
		})
		both.Go(func() {
			if err := w.Resources.Assign(t.Context(), "short@books.test", "books", "reader"); err != nil {
				authtest.WantCode(t, "assign", err, fault.AccountNotFound)
			}
		})
		both.Wait()
		if n := w.Text(`SELECT count(*) FROM role_assignments WHERE subject_id = $1`, id); n != "0" {
			t.Fatal("a deleted account has a role")
		}
	}
}
