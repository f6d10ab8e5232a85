package session_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/session"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const password = "violet teapot marches north"

// people are a World with two accounts.
type people struct {
	*authtest.World
	t          *testing.T
	ada, grace uuid.UUID
}

func newPeople(t *testing.T) people {
	t.Helper()
	w := authtest.New(t)
	return people{w, t, w.Register("ada@books.test", password), w.Register("grace@books.test", password)}
}

func (p people) open(account uuid.UUID, from session.Origin) session.Opened {
	p.t.Helper()
	o, err := p.Sessions.Open(p.t.Context(), session.Opening{Account: account, AuthenticatedBy: []string{"pwd"}, Origin: from})
	if err != nil {
		p.t.Fatal(err)
	}
	return o
}

func (p people) list(account uuid.UUID) []session.Session {
	p.t.Helper()
	listed, err := p.Sessions.List(p.t.Context(), account)
	if err != nil {
		p.t.Fatal(err)
	}
	return listed
}

func ids(sessions []session.Session) (ids []uuid.UUID) {
	for _, s := range sessions {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestDeviceIsStoredAsValidTextWithinItsLimit(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	for name, c := range map[string]struct{ sent, kept string }{
		"as it is":                    {"Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (X11; Linux x86_64)"},
		"nothing":                     {"", ""},
		"256 bytes":                   {strings.Repeat("a", 256), strings.Repeat("a", 256)},
		"257 bytes":                   {strings.Repeat("a", 257), strings.Repeat("a", 256)},
		"a letter across the limit":   {strings.Repeat("a", 255) + "üb", strings.Repeat("a", 255)},
		"an emoji across the limit":   {strings.Repeat("a", 253) + "👩b", strings.Repeat("a", 253)},
		"an emoji up to the limit":    {strings.Repeat("a", 252) + "👩b", strings.Repeat("a", 252) + "👩"},
		"bytes that are no text":      {"a\xff\xfeb\xc3", "ab"},
		"a NUL":                       {"a\x00b", "ab"},
		"a NUL within what is a rune": {"\xc3\x00\xbc", ""},
		"only what is no text":        {strings.Repeat("\xff", 300), ""},
		"what is no text, then text":  {strings.Repeat("\xff", 300) + "b", "b"},
	} {
		o := p.open(p.ada, session.Origin{Device: c.sent})
		if o.Device != c.kept {
			t.Errorf("%s: opened with %q, want %q", name, o.Device, c.kept)
		}
		listed := p.list(p.ada)
		if len(listed) != 1 || listed[0].Device != c.kept || !utf8.ValidString(listed[0].Device) {
			t.Errorf("%s: listed %+v, want %q", name, listed, c.kept)
		}
		if err := p.Sessions.End(t.Context(), p.ada, o.ID, authorization.SignedOut); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAddressIsStored(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	for name, ip := range map[string]netip.Addr{
		"IPv4": netip.MustParseAddr("192.0.2.7"), "IPv6": netip.MustParseAddr("2001:db8::7"), "none": {},
		"unspecified": netip.IPv4Unspecified(), "loopback": netip.IPv6Loopback(),
	} {
		o := p.open(p.grace, session.Origin{IP: ip})
		at := slices.IndexFunc(p.list(p.grace), func(s session.Session) bool { return s.ID == o.ID })
		if at < 0 || o.IP != ip || p.list(p.grace)[at].IP != ip {
			t.Errorf("%s: opened from %v, listed %+v; want %v", name, o.IP, p.list(p.grace), ip)
		}
	}
}

// An address that Postgres stores in another form does not prevent a sign-in.
func TestUnusualAddressDoesNotPreventASignIn(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	for sent, kept := range map[string]string{"fe80::1%eth0": "fe80::1", "::ffff:192.0.2.7": "192.0.2.7"} {
		o := p.open(p.ada, session.Origin{IP: netip.MustParseAddr(sent)})
		listed := p.list(p.ada)
		if listed[0].ID != o.ID || listed[0].IP.Unmap().String() != kept {
			t.Errorf("%s: listed %v, want %s", sent, listed[0].IP, kept)
		}
		if err := p.Sessions.EndAll(t.Context(), p.ada, uuid.Nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSessionsAreListedNewestFirstAndOnlyOnesOwn(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	if listed := p.list(p.ada); len(listed) != 0 {
		t.Errorf("listed %+v before any", listed)
	}
	var want []uuid.UUID
	for range 3 {
		want = append(want, p.open(p.ada, session.Origin{}).ID)
		p.Clock.Move(time.Minute)
	}
	// Two sessions of the same second are ordered by their ids, which are ordered by time.
	want = append(want, p.open(p.ada, session.Origin{}).ID, p.open(p.ada, session.Origin{}).ID)
	theirs := p.open(p.grace, session.Origin{})
	slices.Reverse(want)
	if got := ids(p.list(p.ada)); !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	if got := ids(p.list(p.grace)); !slices.Equal(got, []uuid.UUID{theirs.ID}) {
		t.Errorf("another person's: %v", got)
	}
	if listed := p.list(uuid.New()); len(listed) != 0 {
		t.Errorf("nobody's: %+v", listed)
	}
}

func TestSigningInAgainGoesOnWithTheBrowsersSession(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	again := func(account uuid.UUID, in session.Opened) session.Opened {
		t.Helper()
		o, err := p.Sessions.Open(t.Context(), session.Opening{
			Account: account, AuthenticatedBy: []string{"pwd", "otp"}, Browser: true, Session: in.ID, Origin: session.Origin{Device: "again"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	first := again(p.ada, session.Opened{})
	p.Clock.Move(time.Hour)
	second := again(p.ada, first)
	later := second.AuthenticatedAt.Sub(first.AuthenticatedAt)
	if second.ID != first.ID || !second.CreatedAt.Equal(first.CreatedAt) || later < time.Hour || !second.AuthenticatedAt.Equal(second.UsedAt) ||
		second.ExpiresAt.Sub(first.ExpiresAt) != later || second.IdleExpiresAt.Sub(first.IdleExpiresAt) != later || !slices.Equal(second.AuthenticatedBy, []string{"pwd", "otp"}) {
		t.Errorf("first %+v, then %+v", first.Authorization, second.Authorization)
	}
	if p.IsLiveCookie(first.Token) || !p.IsLiveCookie(second.Token) {
		t.Error("the token of before lives, or the new one does not")
	}
	listed := p.list(p.ada)
	if len(listed) != 1 || listed[0].Device != "again" || !listed[0].AuthenticatedAt.Equal(second.AuthenticatedAt) || !listed[0].ExpiresAt.Equal(second.ExpiresAt) {
		t.Errorf("listed %+v", listed)
	}
	theirs := again(p.grace, second)
	if theirs.ID == second.ID || !p.IsLiveCookie(second.Token) {
		t.Error("another person goes on with it, or it has ended")
	}
	authtest.WantCode(t, "end", p.Sessions.End(t.Context(), p.ada, second.ID, authorization.SignedOut), "")
	if third := again(p.ada, second); third.ID == second.ID || p.IsLiveCookie(second.Token) || !p.IsLiveCookie(third.Token) {
		t.Error("a session that has ended goes on")
	}
}

func TestAnEndedOrExpiredSessionIsNotListed(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	old := p.open(p.ada, session.Origin{})
	p.Clock.Move(authtest.Idle - time.Minute)
	young := p.open(p.ada, session.Origin{})
	p.Clock.Move(2 * time.Minute)
	if got := ids(p.list(p.ada)); !slices.Equal(got, []uuid.UUID{young.ID}) || p.IsLive(old.Token) || !p.IsLive(young.Token) {
		t.Errorf("listed %v, want only %v, which was not idle", got, young.ID)
	}
	err := p.Sessions.End(t.Context(), p.ada, young.ID, authorization.SignedOut)
	authtest.WantCode(t, "end", err, "")
	if listed := p.list(p.ada); len(listed) != 0 {
		t.Errorf("listed %+v", listed)
	}
}

func TestEndEndsOneSessionOfItsOwner(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	one, other, theirs := p.open(p.ada, session.Origin{}), p.open(p.ada, session.Origin{}), p.open(p.grace, session.Origin{})
	end := func(id uuid.UUID) error {
		return p.Sessions.End(t.Context(), p.ada, id, authorization.EndedByOwner)
	}
	authtest.WantCode(t, "another person's", end(theirs.ID), fault.SessionNotFound)
	authtest.WantCode(t, "one that never was", end(uuid.New()), fault.SessionNotFound)
	authtest.WantCode(t, "one's own", end(one.ID), "")
	if p.IsLive(one.Token) || !p.IsLive(other.Token) || !p.IsLive(theirs.Token) {
		t.Error("it ended another session, or not the one")
	}
	if reason := p.Text(`SELECT revoked_reason FROM authorizations WHERE id = $1`, one.ID); reason != string(authorization.EndedByOwner) {
		t.Errorf("the reason is %q", reason)
	}
	authtest.WantCode(t, "once more", end(one.ID), fault.SessionNotFound)
}

func TestEndAllEndsAllButTheOneThatIsKept(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	one, other, theirs := p.open(p.ada, session.Origin{}), p.open(p.ada, session.Origin{}), p.open(p.grace, session.Origin{})
	endAll := func(keep uuid.UUID) {
		t.Helper()
		authtest.WantCode(t, "end all", p.Sessions.EndAll(t.Context(), p.ada, keep), "")
	}
	live := func(what string, want ...bool) {
		t.Helper()
		if got := []bool{p.IsLive(one.Token), p.IsLive(other.Token), p.IsLive(theirs.Token)}; !slices.Equal(got, want) {
			t.Errorf("%s: live are %v, want %v", what, got, want)
		}
	}
	endAll(one.ID)
	live("one is kept", true, false, true)
	if got := ids(p.list(p.ada)); !slices.Equal(got, []uuid.UUID{one.ID}) {
		t.Errorf("listed %v", got)
	}
	endAll(one.ID)
	live("once more", true, false, true)
	endAll(other.ID)
	live("one that has ended does not come back", false, false, true)
	again := p.open(p.ada, session.Origin{})
	endAll(theirs.ID)
	if p.IsLive(again.Token) {
		t.Error("another person's session kept one alive")
	}
	live("another person's", false, false, true)
	endAll(uuid.Nil) // Nothing is left, which is no error.
}

func TestASignInThatIsNotAdmittedLeavesNothing(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	keys := p.Redis.DBSize(t.Context()).Val()
	refused := fault.New(fault.InvalidCredentials, "no")
	_, err := p.Sessions.Open(t.Context(), session.Opening{Account: p.ada, Admit: func(context.Context, pgx.Tx) error { return refused }})
	if !errors.Is(err, refused) {
		t.Errorf("got %v, want what Admit returned", err)
	}
	if listed := p.list(p.ada); len(listed) != 0 || p.Redis.DBSize(t.Context()).Val() != keys {
		t.Errorf("listed %+v, or a record is left", listed)
	}
}

func TestAStoreThatIsDownIsNoMissingSession(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, schematest.Database(t))
	w := authtest.On(t, authtest.Stores{Postgres: proxy.URL})
	id := w.Register("ada@books.test", password)
	o := w.SignIn("ada@books.test", password)
	proxy.Cut()
	_, err := w.Sessions.List(t.Context(), id)
	authtest.WantCode(t, "list", err, fault.StoreUnavailable)
	authtest.WantCode(t, "end", w.Sessions.End(t.Context(), id, o.ID, authorization.SignedOut), fault.StoreUnavailable)
	authtest.WantCode(t, "end all", w.Sessions.EndAll(t.Context(), id, uuid.Nil), fault.StoreUnavailable)
	if !w.IsLive(o.Token) {
		t.Error("an end that was refused ended the token")
	}
}
