package login_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/session"
)

// guarded is a World with an account that has a second factor.
type guarded struct {
	*authtest.World
	id       uuid.UUID
	secret   string
	recovery []string
	t        *testing.T
}

func newGuarded(t *testing.T, w *authtest.World) *guarded {
	t.Helper()
	g := &guarded{World: w, id: w.Register(ada, password), t: t}
	e, err := w.Factors.Begin(t.Context(), g.id, ada)
	if err != nil {
		t.Fatal(err)
	}
	g.secret = e.Secret
	if g.recovery, err = w.Factors.Confirm(t.Context(), g.id, uuid.Nil, g.code(-1)); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *guarded) code(steps int) string {
	g.t.Helper()
	code, err := totp.GenerateCode(g.secret, g.Clock.Now().Add(time.Duration(steps)*factor.Period))
	if err != nil {
		g.t.Fatal(err)
	}
	return code
}

// miss is a code that is wrong now.
func (g *guarded) miss() string {
	for _, candidate := range []string{"000000", "111111", "222222", "333333"} {
		if candidate != g.code(-1) && candidate != g.code(0) && candidate != g.code(1) {
			return candidate
		}
	}
	return "444444"
}

// first is the first step, with the right password.
func (g *guarded) first(a login.Attempt) string {
	g.t.Helper()
	a.Email, a.Password = ada, password
	opened, err := g.Login.Password(g.t.Context(), a)
	var c *login.Challenge
	if !errors.As(err, &c) || c.Handle == "" || c.Lifetime != factor.ChallengeLifetime || opened.ID != uuid.Nil || opened.Token.Reveal() != "" {
		g.t.Fatalf("got %+v, %v", opened, err)
	}
	return c.Handle
}

func (g *guarded) second(handle, code string) (login.Opened, error) {
	return g.Login.SecondStep(g.t.Context(), login.SecondAttempt{Handle: handle, Code: code, From: from(1)})
}

func TestSecondStepOpensTheSession(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, authtest.New(t))
	for n, code := range []string{g.code(0), g.recovery[0]} {
		handle := g.first(login.Attempt{Scopes: []string{"account"}})
		if g.Text(`SELECT count(*) FROM sessions`) != []string{"0", "1"}[n] {
			t.Error("the password alone has opened a session")
		}
		opened, err := g.second(handle, code)
		authtest.WantCode(t, "the second step", err, "")
		p := g.Verify(opened.Token)
		if p == nil || p.Subject != g.id.String() || !slices.Equal(p.AuthenticatedBy, []string{"pwd", "otp", "mfa"}) || !slices.Equal(p.Scopes, []string{"account"}) {
			t.Errorf("the token says %+v", p)
		}
		_, err = g.second(handle, g.code(1))
		authtest.WantCode(t, "the challenge again", err, fault.RequestExpired)
	}
}

func TestWrongPasswordOfAGuardedAccountIsRefusedAsAnyOther(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, authtest.New(t))
	_, err := g.Login.Password(t.Context(), login.Attempt{Email: ada, Password: wrong})
	authtest.WantCode(t, "a wrong password", err, fault.InvalidCredentials)
	if n := g.Text(`SELECT count(*) FROM sign_in_challenges`); n != "0" {
		t.Errorf("%s challenges", n)
	}
}

func TestChangesVoidOpenChallenges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(g *guarded) error{
		"a new password":        func(g *guarded) error { return g.Accounts.ChangePassword(t.Context(), g.id, uuid.Nil, password, wrong) },
		"the factor turned off": func(g *guarded) error { return g.Factors.Remove(t.Context(), g.id, uuid.Nil) },
		"a deleted account":     func(g *guarded) error { return g.Accounts.Delete(t.Context(), g.id, password) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t, authtest.New(t))
			handle := g.first(login.Attempt{})
			authtest.WantCode(t, name, change(g), "")
			_, err := g.second(handle, g.code(0))
			authtest.WantCode(t, "the challenge", err, fault.RequestExpired)
		})
	}
	g := newGuarded(t, authtest.New(t))
	handle := g.first(login.Attempt{})
	authtest.WantCode(t, "disable", g.Accounts.SetStatus(t.Context(), ada, account.Disabled), "")
	_, err := g.second(handle, g.code(0))
	authtest.WantCode(t, "a disabled account", err, fault.AccountDisabled)
}

// A password that was checked before the factor was turned on must not sign in after it.
func TestFactorTurnedOnDuringASignInIsAskedFor(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, password)
	who, err := w.Accounts.Authenticate(t.Context(), ada, password, nil)
	authtest.WantCode(t, "authenticate", err, "")
	w.SQL(`UPDATE accounts SET second_factor = true`)
	_, err = w.Sessions.Open(t.Context(), session.Opening{Account: who.ID, Admit: who.Admit, AuthenticatedBy: []string{"pwd"}})
	authtest.WantCode(t, "open", err, fault.InvalidCredentials)
}

func TestOfTwoSecondStepsAtOnceOneSignsIn(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, authtest.New(t))
	handle, code := g.first(login.Attempt{}), g.code(0)
	var won atomic.Int64
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			_, err := g.second(handle, code)
			switch c := fault.CodeOf(err); {
			case err == nil:
				won.Add(1)
			case c != fault.RequestExpired && c != fault.InvalidCode:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := g.Text(`SELECT count(*) FROM sessions`); won.Load() != 1 || n != "1" {
		t.Errorf("%d signed in, %s sessions", won.Load(), n)
	}
}

// limitedStep is a World with the limit of second steps.
func limitedStep(t *testing.T) *guarded {
	t.Helper()
	w := authtest.New(t)
	wide := limit.Rate{Attempts: 1_000_000, Period: time.Minute}
	w.Limit(limit.Rates{SignIn: wide, SignInOverall: wide, SecondStep: limit.SecondStep()})
	return newGuarded(t, w)
}

func TestNewChallengeBringsNoNewTries(t *testing.T) {
	t.Parallel()
	g := limitedStep(t)
	tries := limit.SecondStep().Attempts
	for n := range 3 * tries {
		handle := g.first(login.Attempt{From: from(byte(n))})
		_, err := g.Login.SecondStep(t.Context(), login.SecondAttempt{Handle: handle, Code: g.miss(), From: from(byte(n))})
		want := fault.InvalidCode
		if n >= tries {
			want = fault.TooManyAttempts
		}
		authtest.WantCode(t, "miss", err, want)
	}
	_, err := g.second(g.first(login.Attempt{}), g.code(0))
	authtest.WantCode(t, "the right code, over the limit", err, fault.TooManyAttempts)
	g.Clock.Move(limit.SecondStep().Period)
	_, err = g.second(g.first(login.Attempt{}), g.code(0))
	authtest.WantCode(t, "after the period", err, "")
}

func TestStrangersLeaveAKnownDeviceItsTries(t *testing.T) {
	t.Parallel()
	g := limitedStep(t)
	opened, err := g.second(g.first(login.Attempt{}), g.code(0))
	authtest.WantCode(t, "sign in", err, "")
	mails := g.Text(`SELECT count(*) FROM mails WHERE kind = 'new_device'`)
	for range 8 {
		_, _ = g.second(g.first(login.Attempt{}), g.miss())
	}
	known := g.first(login.Attempt{Device: opened.Device.Reveal()})
	again, err := g.second(known, g.code(1))
	authtest.WantCode(t, "the known device", err, "")
	if g.Devices.Read(again.Device.Reveal()).ID != g.Devices.Read(opened.Device.Reveal()).ID {
		t.Error("the device has another id")
	}
	if n := g.Text(`SELECT count(*) FROM mails WHERE kind = 'new_device'`); n != mails {
		t.Errorf("%s mails of a new device, were %s", n, mails)
	}
}

func TestSecondStepsAreRecorded(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, authtest.New(t))
	handle := g.first(login.Attempt{})
	_, err := g.second(handle, g.miss())
	authtest.WantCode(t, "miss", err, fault.InvalidCode)
	if _, err := g.second(handle, g.code(0)); err != nil {
		t.Fatal(err)
	}
	if err := g.Refusals.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := g.Text(`SELECT string_agg(verb || ' ' || outcome || ' ' || reason, ', ' ORDER BY outcome) FROM events WHERE verb = 'session.sign_in' AND subject = $1`, g.id)
	if want := "session.sign_in done , session.sign_in refused invalid_code"; got != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

func TestChallengeShowsNoHandle(t *testing.T) {
	t.Parallel()
	c := &login.Challenge{Handle: "hushhush", Lifetime: time.Minute}
	if fault.CodeOf(c) != fault.SecondStepRequired || strings.Contains(c.Error(), c.Handle) {
		t.Errorf("%v", c)
	}
}
