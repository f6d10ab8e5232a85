package main_test

import (
	"fmt"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

// What the commands take away is gone from live tokens, at every place where a
// token shows it.
func TestRolesReachLiveTokens(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.library()
	a.must("account", "verify", email)
	books, shop := a.client("books"), a.client("shop")
	want := func(after, audiences, scopes, atBooks, atShop string) {
		t.Helper()
		// Another process made the change: this one hears of it in a moment.
		devtest.Eventually(t, "after "+after+", the token has "+audiences+" "+scopes, func() bool {
			me := a.me(token)
			return me.status == 200 && fmt.Sprint(me.body["audiences"], me.body["scopes"]) == audiences+" "+scopes
		})
		for _, c := range []struct {
			as    credentials
			scope string
		}{{books, atBooks}, {shop, atShop}} {
			devtest.Eventually(t, fmt.Sprintf("after %s, a client is told %q", after, c.scope), func() bool {
				got := a.introspect(token, c.as)
				return got.text("scope") == c.scope && (got.raw == inactive) == (c.scope == "")
			})
		}
	}
	want("the sign-in", "[books shop]", "[account books:read books:write shop:buy]", "books:read books:write", "shop:buy")
	a.must("role", "set", "books", "editor", "--scope", "books:read")
	want("role set", "[books shop]", "[account books:read shop:buy]", "books:read", "shop:buy")
	a.must("role", "set", "books", "editor", "--scope", "books:read", "--scope", "books:write")
	want("a wider role set, which gives back what the token was given", "[books shop]", "[account books:read books:write shop:buy]", "books:read books:write", "shop:buy")
	a.must("role", "revoke", email, "shop", "editor")
	want("role revoke", "[books]", "[account books:read books:write]", "books:read books:write", "")
	a.must("role", "grant", email, "shop", "editor")
	want("role grant", "[books shop]", "[account books:read books:write shop:buy]", "books:read books:write", "shop:buy")

	token, _ = a.signIn(email, password)
	want("the next sign-in", "[books shop]", "[account books:read books:write shop:buy]", "books:read books:write", "shop:buy")
	a.must("api", "set", "books", "--scope", "books:write", "--scope", "books:lend")
	want("api set", "[books shop]", "[account books:write shop:buy]", "books:write", "shop:buy")
	a.must("role", "set", "books", "editor", "--scope", "books:lend")
	want("a role without what the token had", "[shop]", "[account shop:buy]", "", "shop:buy")
	token, _ = a.signIn(email, password)
	want("the last sign-in", "[books shop]", "[account books:lend shop:buy]", "books:lend", "shop:buy")
}
