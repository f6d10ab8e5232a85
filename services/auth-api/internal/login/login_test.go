package login_test

import (
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const (
	ada      = "ada@books.test"
	password = "violet teapot marches north"
	wrong    = "seven quiet lanterns drift"
)

func TestARightPasswordOpensASession(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, password)
	from := session.Origin{Device: "a browser", IP: netip.MustParseAddr("192.0.2.7")}
	began := time.Now()
	o, err := w.Login.Password(t.Context(), login.Attempt{Email: "ADA@books.test", Password: password, From: from})
	if err != nil {
		t.Fatal(err)
	}
	p := w.Verify(o.Token)
	if p == nil {
		t.Fatal("its token is dead")
	}
	if p.Kind != verify.KindAccount || p.Subject != id.String() || p.Email != ada || p.Authorization != o.ID.String() || !slices.Equal(p.AuthenticatedBy, []string{"pwd"}) {
		t.Errorf("the token says %+v", p)
	}
	if at := p.AuthenticatedAt; at.Before(began.Add(-2*time.Second)) || at.After(time.Now()) {
		t.Errorf("authenticated at %v, want now", at)
	}
	if ends := o.ExpiresAt.Sub(o.CreatedAt); ends != authtest.Lifetime {
		t.Errorf("the session lives %v, want %v", ends, authtest.Lifetime)
	}
	listed, err := w.Sessions.List(t.Context(), id)
	if err != nil || len(listed) != 1 || listed[0].ID != o.ID || listed[0].Origin != from {
		t.Errorf("listed %+v, %v", listed, err)
	}
}

func TestASignInHasTheScopesThatItAsksFor(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, password)
	authtest.WantCode(t, "create API", w.Resources.Create(t.Context(), "books", []string{"books:read", "books:write"}), "")
	authtest.WantCode(t, "create role", w.Resources.CreateRole(t.Context(), "books", "editor", []string{"books:read", "books:write"}), "")
	authtest.WantCode(t, "assign", w.Resources.Assign(t.Context(), ada, "books", "editor"), "")
	for _, c := range []struct{ wanted, scopes []string }{
		{nil, []string{"account", "books:read", "books:write"}},
		{[]string{"books:read"}, []string{"books:read"}},
		{[]string{"account"}, []string{"account"}},
	} {
		o, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: password, Scopes: c.wanted})
		if err != nil {
			t.Fatal(err)
		}
		w.WantScopes("signed in", o.Token, c.scopes...)
	}
}

func TestARefusedSignInWritesNothing(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, password)
	w.Register("grace@books.test", password)
	authtest.WantCode(t, "disable", w.Accounts.SetStatus(t.Context(), "grace@books.test", account.Disabled), "")
	const everything = `SELECT json_build_array((SELECT json_agg(a ORDER BY id) FROM accounts a), (SELECT json_agg(s) FROM subjects s),
		(SELECT count(*) FROM authorizations), (SELECT count(*) FROM sessions), (SELECT count(*) FROM access_tokens), (SELECT count(*) FROM outbox))`
	// The count of misses is the one thing that is written.
	keys := func() int64 {
		return w.Redis.DBSize(t.Context()).Val() - int64(len(w.Redis.Keys(t.Context(), "limit:*").Val()))
	}
	before, keysBefore := w.Text(everything), keys()
	for name, c := range map[string]struct {
		attempt login.Attempt
		code    fault.Code
	}{
		"a wrong password":      {login.Attempt{Email: ada, Password: wrong}, fault.InvalidCredentials},
		"an unknown address":    {login.Attempt{Email: "nobody@books.test", Password: password}, fault.InvalidCredentials},
		"no address":            {login.Attempt{Email: "nobody", Password: password}, fault.ValidationFailed},
		"a disabled account":    {login.Attempt{Email: "grace@books.test", Password: password}, fault.AccountDisabled},
		"a scope of no role":    {login.Attempt{Email: ada, Password: password, Scopes: []string{"account", "books:read"}}, fault.InvalidScope},
		"an empty scope":        {login.Attempt{Email: ada, Password: password, Scopes: []string{""}}, fault.InvalidScope},
		"wrong, with bad scope": {login.Attempt{Email: ada, Password: wrong, Scopes: []string{"books:read"}}, fault.InvalidCredentials},
	} {
		o, err := w.Login.Password(t.Context(), c.attempt)
		authtest.WantCode(t, name, err, c.code)
		if o.Token.Reveal() != "" {
			t.Errorf("%s: it gave a token", name)
		}
	}
	if after := w.Text(everything); after != before {
		t.Errorf("Postgres held\n%s\nand holds\n%s", before, after)
	}
	if n := keys(); n != keysBefore {
		t.Errorf("Redis held %d keys and holds %d", keysBefore, n)
	}
}

func TestASignInWithoutAStoreIsNoRefusal(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(postgres, redis *devtest.Proxy){
		"Postgres": func(postgres, _ *devtest.Proxy) { postgres.Cut() },
		"Redis":    func(_, redis *devtest.Proxy) { redis.Cut() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			postgres, redis := devtest.NewProxy(t, schematest.Database(t)), devtest.NewProxy(t, devtest.Redis(t))
			w := authtest.On(t, authtest.Stores{Postgres: postgres.URL, Redis: redis.URL})
			id := w.Register(ada, password)
			cut(postgres, redis)
			_, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: password})
			authtest.WantCode(t, "sign in", err, fault.StoreUnavailable)
			postgres.Restore()
			if listed, err := w.Sessions.List(t.Context(), id); err != nil || len(listed) != 0 {
				t.Errorf("listed %+v, %v; want no session that nobody has a token of", listed, err)
			}
		})
	}
}
