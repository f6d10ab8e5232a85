package resource_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
)

const (
	apis  = `SELECT json_agg(json_build_array(audience, scopes) ORDER BY audience) FROM apis`
	roles = `SELECT json_agg(json_build_array(name, scopes) ORDER BY name) FROM roles`
)

func TestAnAPIOffersItsScopesSortedAndOnce(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	authtest.WantCode(t, "create", w.Resources.Create(t.Context(), "books", []string{"books:write", "books:read", "books:write"}), "")
	authtest.WantCode(t, "another", w.Resources.Create(t.Context(), "shop", []string{"Shop!buy"}), "")
	if got := w.Text(apis); got != `[["books", ["books:read","books:write"]], ["shop", ["Shop!buy"]]]` {
		t.Errorf("the APIs are %s", got)
	}
	offered, err := w.Offers.Scopes(t.Context())
	if err != nil || !slices.Equal(offered, []string{"Shop!buy", "books:read", "books:write"}) {
		t.Errorf("offered %q, %v", offered, err)
	}
	if got := w.Clients.Followed(); len(got) != 0 {
		t.Errorf("clients were told of %q, which had none", got)
	}
}

func TestARefusedAPIChangesNothing(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	authtest.WantCode(t, "create shop", w.Resources.Create(t.Context(), "shop", []string{"shop:buy"}), "")
	before := w.Text(apis) + w.Text(roles)
	create := func(audience string, scopes ...string) error {
		return w.Resources.Create(t.Context(), audience, scopes)
	}
	set := func(audience string, scopes ...string) error {
		return w.Resources.SetScopes(t.Context(), audience, scopes)
	}
	for _, audience := range []string{"", "Books", "a b", "-books", "büch", strings.Repeat("a", 65), "books\n"} {
		authtest.WantInvalid(t, audience, create(audience, "films:see"), "audience", "not_a_name")
	}
	authtest.WantInvalid(t, "no scope", create("films"), "scope", "required")
	authtest.WantInvalid(t, "the reserved scope", create("films", "films:see", "account"), "scope", "reserved")
	authtest.WantInvalid(t, "a space", create("films", "films see"), "scope", "not_a_scope")
	authtest.WantCode(t, "an audience that is there", create("books", "films:see"), fault.AlreadyExists)
	authtest.WantCode(t, "its own scopes again", create("books", "books:read"), fault.AlreadyExists)
	authtest.WantCode(t, "a scope of another API", create("films", "films:see", "books:read"), fault.AlreadyExists)
	authtest.WantInvalid(t, "set no scope", set("books"), "scope", "required")
	authtest.WantInvalid(t, "set a space", set("books", "books read"), "scope", "not_a_scope")
	authtest.WantInvalid(t, "set the reserved scope", set("books", "account"), "scope", "reserved")
	authtest.WantCode(t, "set a scope of another API", set("books", "books:read", "shop:buy"), fault.AlreadyExists)
	authtest.WantCode(t, "set an unknown API", set("films", "films:see"), fault.APINotFound)
	if after := w.Text(apis) + w.Text(roles); after != before {
		t.Errorf("it was\n%s\nand is\n%s", before, after)
	}
	if got := w.Clients.Followed(); len(got) != 0 {
		t.Errorf("clients were told of %q, which did not change", got)
	}
}

func TestLongestNamesAreKept(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	long := strings.Repeat("a", 64)
	authtest.WantCode(t, "create", w.Resources.Create(t.Context(), long, []string{long}), "")
	authtest.WantCode(t, "create role", w.Resources.CreateRole(t.Context(), long, long, []string{long}), "")
	w.Register(ada, password)
	authtest.WantCode(t, "assign", w.Resources.Assign(t.Context(), ada, long, long), "")
	w.WantScopes("signed in", w.SignIn(ada, password).Token, long, "account")
}

// Two commands offer the same scope at once. If both checked before either has written,
// both would succeed.
func TestScopeBelongsToOneAPIEvenWhenCommandsRace(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	ctx := t.Context()
	race := func(what string, acts ...func() error) {
		t.Helper()
		errs := make([]error, len(acts))
		var all sync.WaitGroup
		begin := make(chan struct{})
		for n, act := range acts {
			all.Go(func() { <-begin; errs[n] = act() })
		}
		close(begin)
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				authtest.WantCode(t, what, err, fault.AlreadyExists)
			}
		}
		if won != 1 {
			t.Errorf("%s: %d won, want 1", what, won)
		}
	}
	for round := range 10 {
		one, other := fmt.Sprintf("a%d", round), fmt.Sprintf("b%d", round)
		shared := []string{fmt.Sprintf("shared:%d", round)}
		race("two APIs", func() error { return w.Resources.Create(ctx, one, shared) }, func() error { return w.Resources.Create(ctx, other, shared) })
		race("one audience", func() error { return w.Resources.Create(ctx, "c"+one, []string{one}) }, func() error { return w.Resources.Create(ctx, "c"+one, []string{other}) })
		grown := []string{fmt.Sprintf("grown:%d", round)}
		authtest.WantCode(t, "create", w.Resources.Create(ctx, "d"+one, []string{"d" + one}), "")
		race("one that is new and one that grows", func() error { return w.Resources.Create(ctx, "d"+other, grown) },
			func() error { return w.Resources.SetScopes(ctx, "d"+one, grown) })
	}
	if n := w.Text(`SELECT count(*) FROM (SELECT unnest(scopes) FROM apis GROUP BY 1 HAVING count(*) > 1) twice`); n != "0" {
		t.Errorf("%s scopes are of two APIs", n)
	}
}

func TestScopesThatAnAPINoLongerOffersAreGoneFromLiveTokens(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	authtest.WantCode(t, "create shop", w.Resources.Create(t.Context(), "shop", []string{"shop:buy"}), "")
	authtest.WantCode(t, "create buyer", w.Resources.CreateRole(t.Context(), "shop", "buyer", []string{"shop:buy"}), "")
	authtest.WantCode(t, "assign editor", w.Resources.Assign(t.Context(), ada, "books", "editor"), "")
	authtest.WantCode(t, "assign buyer", w.Resources.Assign(t.Context(), ada, "shop", "buyer"), "")
	token := w.SignIn(ada, password).Token
	w.WantScopes("before", token, "account", "books:read", "books:write", "shop:buy")
	set := func(scopes ...string) {
		t.Helper()
		authtest.WantCode(t, fmt.Sprint(scopes), w.Resources.SetScopes(t.Context(), "books", scopes), "")
		if got := w.Clients.Followed(); !slices.Equal(got, []string{"books"}) {
			t.Errorf("clients of %q were told, want books", got)
		}
	}

	set("books:lend", "books:read")
	w.WantScopes("after writing is gone", token, "account", "books:read", "shop:buy")
	if got, want := w.Text(roles), `[["buyer", ["shop:buy"]], ["editor", ["books:read"]], ["reader", ["books:read"]], ["writer", []]]`; got != want {
		t.Errorf("the roles are %s, want %s", got, want)
	}
	set("books:lend", "books:read") // Once more is no error.

	// A scope that is offered again returns neither to roles nor to tokens.
	set("books:read", "books:write")
	w.WantScopes("after writing came back", token, "account", "books:read", "shop:buy")

	set("books:lend")
	w.WantScopes("after all of it is gone", token, "account", "shop:buy")
	if p := w.Verify(token); p != nil && !slices.Equal(p.Audiences, []string{"shop"}) {
		t.Errorf("the token is for %q", p.Audiences)
	}
	// A scope that one API no longer offers is free for another, but old tokens do not get it.
	authtest.WantCode(t, "create archive", w.Resources.Create(t.Context(), "archive", []string{"books:read"}), "")
	w.WantScopes("after another API offers it", token, "account", "shop:buy")
}

// A change that is recorded while Redis is down reaches clients as well.
func TestClientsFollowEvenWhenRedisIsDown(t *testing.T) {
	t.Parallel()
	stores := authtest.Stores{Postgres: schematest.Database(t), Redis: devtest.Redis(t)}
	proxy := devtest.NewProxy(t, stores.Redis)
	direct, w := authtest.On(t, stores), fill(t, authtest.On(t, authtest.Stores{Postgres: stores.Postgres, Redis: proxy.URL}))
	authtest.WantCode(t, "assign", w.Resources.Assign(t.Context(), ada, "books", "editor"), "")
	token := direct.SignIn(ada, password).Token
	proxy.Cut()
	authtest.WantCode(t, "narrow", w.Resources.SetScopes(t.Context(), "books", []string{"books:read"}), fault.StoreUnavailable)
	if got := w.Clients.Followed(); !slices.Equal(got, []string{"books"}) {
		t.Errorf("clients of %q were told, want books", got)
	}
	// Repeating the command succeeds.
	authtest.WantCode(t, "narrow again", direct.Resources.SetScopes(t.Context(), "books", []string{"books:read"}), "")
	direct.WantScopes("narrowed", token, "account", "books:read")
}

func TestAFailureToTellClientsIsReported(t *testing.T) {
	t.Parallel()
	w := withBooks(t)
	w.Clients.Fail(fault.Unavailable(errors.New("no Redis")))
	authtest.WantCode(t, "set scopes", w.Resources.SetScopes(t.Context(), "books", []string{"books:read"}), fault.StoreUnavailable)
	if got := w.Text(apis); got != `[["books", ["books:read"]]]` {
		t.Errorf("the APIs are %s", got)
	}
}

func TestAStoreThatIsDownIsNoMissingAPI(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, schematest.Database(t))
	w := fill(t, authtest.On(t, authtest.Stores{Postgres: proxy.URL}))
	proxy.Cut()
	ctx, scopes := t.Context(), []string{"books:read"}
	_, err := w.Offers.Scopes(ctx)
	for what, err := range map[string]error{
		"scopes": err, "create": w.Resources.Create(ctx, "shop", scopes), "set": w.Resources.SetScopes(ctx, "books", scopes),
		"create role": w.Resources.CreateRole(ctx, "books", "lender", scopes), "set role": w.Resources.SetRole(ctx, "books", "reader", scopes),
		"assign": w.Resources.Assign(ctx, ada, "books", "reader"), "unassign": w.Resources.Unassign(ctx, ada, "books", "reader"),
	} {
		authtest.WantCode(t, what, err, fault.StoreUnavailable)
	}
}
