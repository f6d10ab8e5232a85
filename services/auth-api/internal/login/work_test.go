package login_test

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/services/auth-api/internal/login"
	hashing "auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/session"
)

// effort is what an attempt costs, and so what its time can tell.
type effort struct {
	// passes are the KiB that argon2id went over, in fifteenths: to allocate its memory costs
	// as much as a fifteenth of a pass (package password).
	passes int
	// wrote is whether Postgres gave out a transaction id: its commit waits for the disk.
	wrote bool
	// sent is what both stores were asked, in order.
	sent []string
}

// counted is a World in which an attempt's effort is measured.
type counted struct {
	*authtest.World
	t        *testing.T
	accounts *account.Service
	login    *login.Service
	wire     *wire
	passes   int
}

// newCounted makes a World where new hashes cost half as much again as old ones.
func newCounted(t *testing.T) *counted {
	t.Helper()
	c := &counted{t: t, wire: &wire{}}
	c.World = authtest.On(t, authtest.Stores{Postgres: c.wire.postgres(t, schematest.Process(t).URL)})
	c.Redis.AddHook(c.wire)
	wide := limit.Rate{Attempts: 1_000_000, Period: time.Minute}
	c.Limit(limit.Rates{SignIn: wide, SignInOverall: wide, Account: wide, Device: wide})
	costs := hashing.DefaultParams()
	costs.Time++
	hasher, err := hashing.NewHasher(costs, hashing.Peppers{}, rand.Reader, func(w hashing.Work) ([]byte, error) {
		c.passes += int(w.Params.MemoryKiB * (15*w.Params.Time + 1))
		w.Params = hashing.Params{MemoryKiB: 8, Time: 1, Threads: 1}
		return hashing.InProcess(w)
	})
	if err != nil {
		t.Fatal(err)
	}
	o := c.AccountOptions()
	o.Passwords = hashing.NewPool(hasher, hashing.PoolOptions{Wait: time.Minute})
	c.accounts = account.New(o)
	c.login = login.New(c.accounts, c.Sessions, c.Devices, c.Limits, c.Refusals, c.Mails, c.Factors, c.Passkeys)
	return c
}

// create makes an account with the present costs.
func (c *counted) create(email string) {
	c.t.Helper()
	if _, err := c.accounts.Create(c.t.Context(), email, password, true); err != nil {
		c.t.Fatal(err)
	}
}

func (c *counted) during(work func()) (e effort) {
	const next = `SELECT pg_snapshot_xmax(pg_current_snapshot())`
	before, passes := c.Text(next), c.passes
	e.sent = c.wire.during(work)
	e.passes, e.wrote = c.passes-passes, c.Text(next) != before
	return e
}

// differ tells what a stranger with a clock could notice. The costs of hashes of different
// forms need not be the same to the last 16 KiB of 895,000 fifteenths of one.
func (e effort) differ(from effort) string {
	switch {
	case e.passes < from.passes-16*31 || e.passes > from.passes+16*31:
		return fmt.Sprintf("it hashes over %d fifteenths of a KiB", e.passes)
	case e.wrote != from.wrote:
		return fmt.Sprintf("it waits for the disk: %v", e.wrote)
	case !slices.Equal(e.sent, from.sent):
		return "the stores are asked\n\t" + strings.Join(e.sent, "\n\t")
	}
	return ""
}

// A test that compares times needs a quiet machine (make timing); one that compares the work
// does not.
func TestNoRefusalOrRegistrationDoesOtherWorkForKnownPeople(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	const old, disabled, locked, guarded = "old@books.test", "disabled@books.test", "locked@books.test", "guarded@books.test"
	for _, email := range []string{ada, disabled, locked, guarded} {
		c.create(email)
	}
	c.Register(old, password) // with the costs of the World, which are older
	if err := c.Accounts.SetStatus(t.Context(), disabled, account.Disabled); err != nil {
		t.Fatal(err)
	}
	c.SQL(`UPDATE accounts SET misses = $2 WHERE email = $1`, locked, account.MaxMisses)
	c.SQL(`UPDATE accounts SET second_factor = true WHERE email = $1`, guarded)
	from := session.Origin{IP: netip.MustParseAddr("192.0.2.7")}
	known := c.SignIn(ada, password)
	signIn := func(email, typed, device string) func(int) error {
		return func(int) error {
			_, err := c.login.Password(t.Context(), login.Attempt{Email: email, Password: typed, Device: device, From: from})
			if fault.CodeOf(err) != fault.InvalidCredentials {
				return fmt.Errorf("got %v", err)
			}
			return nil
		}
	}
	register := func(email string) func(int) error {
		return func(n int) error {
			_, err := c.accounts.RequestRegistration(t.Context(), strings.ReplaceAll(email, "N", fmt.Sprint(n)), "")
			return err
		}
	}
	type kind struct {
		name string
		do   func(n int) error
	}
	for door, kinds := range map[string][]kind{
		"register": {{"a new address", register("newN@books.test")}, {"a known address", register(ada)}, {"a known address in capitals", register("LOCKED@BOOKS.TEST")}, {"a disabled account", register(disabled)}},
		"sign in": {
			{"an unknown address", signIn("nobody@books.test", wrong, "")}, {"a known address", signIn(ada, wrong, "")}, {"a disabled account", signIn(disabled, wrong, "")},
			{"a hash of older costs", signIn(old, wrong, "")}, {"a locked account", signIn(locked, wrong, "")}, {"the right password of a locked account", signIn(locked, password, "")}, {"an account with a second factor", signIn(guarded, wrong, "")},
		},
		"sign in with another's device": {{"an unknown address", signIn("nobody@books.test", wrong, known.Device.Reveal())}, {"a known address", signIn(disabled, wrong, known.Device.Reveal())}},
	} {
		var first effort
		for round := range 3 {
			for n, k := range kinds {
				got := c.during(func() {
					if err := k.do(round); err != nil {
						t.Fatalf("%s, %s: %v", door, k.name, err)
					}
				})
				switch {
				case round == 0: // Statements are prepared.
				case round == 1 && n == 0:
					first = got
					// Nothing is hashed before an address is proved.
					if len(got.sent) == 0 || (got.passes == 0) != (door == "register") {
						t.Fatalf("%s: nothing was counted: %+v", door, got)
					}
				default:
					if told := got.differ(first); told != "" {
						t.Errorf("%s: %s can be told from %s, with %d fifteenths of a KiB, %v and\n\t%s:\n%s", door, k.name, kinds[0].name, first.passes, first.wrote, strings.Join(first.sent, "\n\t"), told)
					}
				}
			}
		}
		if door == "register" != first.wrote {
			t.Errorf("%s: wrote: %v", door, first.wrote)
		}
	}
}

// What tells known people apart must be found by differ, or the test above proves nothing.
func TestOtherWorkIsNoticed(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	c.create(ada)
	nothing := c.during(func() {})
	for name, work := range map[string]func(){
		"a hash":       func() { _, _ = c.accounts.Authenticate(t.Context(), "nobody@books.test", wrong, nil) },
		"a statement":  func() { _ = c.People.Check(t.Context(), [16]byte{1}) },
		"a write":      func() { c.SQL(`UPDATE accounts SET name = 'Ada'`) },
		"Redis":        func() { c.Redis.Get(t.Context(), "x") },
		"a rehash too": func() { c.SignIn(ada, password) },
	} {
		if c.during(work).differ(nothing) == "" {
			t.Errorf("%s is not noticed", name)
		}
	}
}
