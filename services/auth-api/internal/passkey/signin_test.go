package passkey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/internal/servicetest/passkeytest"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/passkey"
)

// detail is what an error tells the person.
func detail(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Detail
	}
	return ""
}

func TestPasskeySignsInAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, d := range map[string]*passkeytest.Device{"ada": w.device(), "grace": w.device().WithRSA()} {
		o, _ := w.signedIn(name + "@books.test")
		w.mustAdd(o, d)
		opened, err := w.signIn(d)
		authtest.WantCode(t, "sign in", err, "")
		p := w.Verify(opened.Token)
		if p == nil || p.Subject != o.Account.String() || !slices.Equal(p.AuthenticatedBy, []string{"pop", "user", "mfa"}) {
			t.Errorf("the token says %+v", p)
		}
		list, err := w.Passkeys.List(t.Context(), o.Account)
		if err != nil || len(list) != 1 || list[0].LastUsedAt.IsZero() || list[0].Synced {
			t.Errorf("listed %+v, %v", list, err)
		}
	}
}

func TestPasskeyIsTheSecondStepAfterAPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	laptop, phone := w.device(), w.device()
	recovery := w.mustAdd(o, laptop).RecoveryCodes
	second := w.mustAdd(o, phone)
	other, _ := w.signedIn(grace)
	hers := w.device()
	w.mustAdd(other, hers)
	first := func() string {
		_, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: password, Scopes: []string{"account"}})
		var c *login.Challenge
		if !errors.As(err, &c) || !c.Passkey || c.TOTP {
			t.Fatalf("the password alone: %+v, %v", c, err)
		}
		return c.Handle
	}
	try := func(handle string, begun passkey.Begun, d *passkeytest.Device) (login.Opened, error) {
		return w.Login.SecondStep(t.Context(), login.SecondAttempt{Handle: handle, Passkey: login.Assertion{Ceremony: begun.Ceremony, Response: d.Get(begun.Options)}})
	}
	begin := func(handle string) passkey.Begun {
		b, err := w.Login.BeginPasskey(t.Context(), handle)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	handle := first()
	begun := begin(handle)
	_, err := try(handle, begun, hers)
	authtest.WantCode(t, "somebody else's passkey", err, fault.InvalidPasskey)
	_, err = try(handle, w.begin(), phone)
	authtest.WantCode(t, "a ceremony for a passkey alone", err, fault.RequestExpired)
	// One of those that were offered is removed meanwhile.
	if err := w.Passkeys.Remove(t.Context(), o.Account, uuid.Nil, second.ID); err != nil {
		t.Fatal(err)
	}
	_, err = try(handle, begun, phone)
	authtest.WantCode(t, "one that was removed", err, fault.InvalidPasskey)
	opened, err := try(handle, begun, laptop)
	authtest.WantCode(t, "the second step", err, "")
	if p := w.Verify(opened.Token); p == nil || !slices.Equal(p.AuthenticatedBy, []string{"pwd", "pop", "user", "mfa"}) || !slices.Equal(p.Scopes, []string{"account"}) {
		t.Errorf("the token says %+v", p)
	}
	_, err = try(handle, begun, laptop)
	authtest.WantCode(t, "twice", err, fault.RequestExpired)
	// What an app shows is nothing to an account without one; a recovery code is.
	handle = first()
	_, err = w.Login.SecondStep(t.Context(), login.SecondAttempt{Handle: handle, Code: "123456"})
	authtest.WantCode(t, "a code of no app", err, fault.InvalidCode)
	_, err = w.Login.SecondStep(t.Context(), login.SecondAttempt{Handle: handle, Code: strings.Repeat("a", 24)})
	authtest.WantCode(t, "a wrong recovery code", err, fault.InvalidCode)
	_, err = w.Login.SecondStep(t.Context(), login.SecondAttempt{Handle: handle, Code: recovery[0]})
	authtest.WantCode(t, "a recovery code", err, "")
}

func TestAnswerOfAPasskeyIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	good := w.device()
	good.Counter = 7
	w.mustAdd(o, good)
	with := func(change func(d *passkeytest.Device)) func() error {
		return func() error {
			d := *good
			d.Counter = 8
			change(&d)
			_, err := w.signIn(&d)
			return err
		}
	}
	sent := func(ceremony string, response []byte) error {
		_, err := w.Login.Passkey(t.Context(), login.PasskeyAttempt{Assertion: login.Assertion{Ceremony: ceremony, Response: response}})
		return err
	}
	for name, c := range map[string]struct {
		try  func() error
		code fault.Code
		says string
	}{
		"another site":     {with(func(d *passkeytest.Device) { d.Origin = "https://evil.test" }), fault.InvalidPasskey, "a page of another site. Go to https://auth.books.test"},
		"another port":     {with(func(d *passkeytest.Device) { d.Origin += ":8443" }), fault.InvalidPasskey, "another site"},
		"another domain":   {with(func(d *passkeytest.Device) { d.Domain = "evil.test" }), fault.InvalidPasskey, "another domain"},
		"nobody verified":  {with(func(d *passkeytest.Device) { d.Unverified = true }), fault.InvalidPasskey, "did not check who you are"},
		"another account":  {with(func(d *passkeytest.Device) { d.Handle = bytes.Repeat([]byte{1}, 64) }), fault.InvalidPasskey, "not what was asked for"},
		"no account":       {with(func(d *passkeytest.Device) { d.Handle = nil }), fault.InvalidPasskey, "not what was asked for"},
		"synced suddenly":  {with(func(d *passkeytest.Device) { d.Syncable = true }), fault.InvalidPasskey, "can be synced now"},
		"an unknown one":   {func() error { d := w.device(); d.Handle = good.Handle; _, err := w.signIn(d); return err }, fault.InvalidPasskey, "not known here"},
		"a copy":           {with(func(d *passkeytest.Device) { d.Counter = 7 }), fault.InvalidPasskey, "as that of a copy does"},
		"an old challenge": {func() error { return sent(w.begin().Ceremony, good.Get(w.begin().Options)) }, fault.InvalidPasskey, "not what was asked for"},
		"another signature": {func() error {
			b := w.begin()
			var answer map[string]any
			_ = json.Unmarshal(good.Get(b.Options), &answer)
			var other map[string]any
			_ = json.Unmarshal(good.Get(w.begin().Options), &other)
			answer["response"].(map[string]any)["signature"] = other["response"].(map[string]any)["signature"]
			text, _ := json.Marshal(answer)
			return sent(b.Ceremony, text)
		}, fault.InvalidPasskey, "not what was asked for"},
		"a new passkey's answer": {func() error {
			b, err := w.Passkeys.BeginAdd(t.Context(), o, false)
			if err != nil {
				return err
			}
			return sent(b.Ceremony, good.Get(w.begin().Options))
		}, fault.RequestExpired, ""},
		"no answer": {func() error { return sent(w.begin().Ceremony, []byte("{}")) }, fault.ValidationFailed, ""},
	} {
		err := c.try()
		authtest.WantCode(t, name, err, c.code)
		if got := detail(err); !strings.Contains(got, c.says) {
			t.Errorf("%s: %q", name, got)
		}
	}
	list, err := w.Passkeys.List(t.Context(), o.Account)
	if err != nil || list[0].SuspectedAt.IsZero() || !list[0].LastUsedAt.IsZero() {
		t.Errorf("the copy is not noted: %+v, %v", list, err)
	}
	if n := w.Text(`SELECT count(*) FROM sessions`); n != "1" {
		t.Errorf("%s sessions", n)
	}
	// Whoever has the right counter goes on.
	good.Counter = 8
	_, err = w.signIn(good)
	authtest.WantCode(t, "the next", err, "")
}

func TestZeroCounterSignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	d := w.device()
	w.mustAdd(o, d)
	for range 3 {
		_, err := w.signIn(d)
		authtest.WantCode(t, "a device that does not count", err, "")
	}
}

func TestOnlyTheBackupStateMayChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	d := w.device()
	d.Syncable = true
	w.mustAdd(o, d)
	for _, synced := range []bool{true, false, true} {
		d.Synced = synced
		_, err := w.signIn(d)
		authtest.WantCode(t, "after a sync", err, "")
		if list, err := w.Passkeys.List(t.Context(), o.Account); err != nil || list[0].Synced != synced {
			t.Errorf("listed %+v, %v", list, err)
		}
	}
}

func TestAnswerSignsInOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	d := w.device()
	w.mustAdd(o, d)
	begun := w.begin()
	response := d.Get(begun.Options)
	codes := make([]fault.Code, 8)
	var all sync.WaitGroup
	for n := range codes {
		all.Go(func() {
			_, err := w.Login.Passkey(t.Context(), login.PasskeyAttempt{Assertion: login.Assertion{Ceremony: begun.Ceremony, Response: response}})
			if err != nil {
				codes[n] = fault.CodeOf(err)
			}
		})
	}
	all.Wait()
	slices.Sort(codes)
	if codes[0] != "" || slices.ContainsFunc(codes[1:], func(c fault.Code) bool { return c != fault.RequestExpired }) {
		t.Errorf("of 8 at once: %q", codes)
	}
}

// Of two answers at once with the same counter, one may be a copy's.
func TestTwoAnswersWithOneCounterAreOneSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	d := w.device()
	d.Counter = 1
	w.mustAdd(o, d)
	d.Counter = 2
	codes := make([]fault.Code, 4)
	attempts := make([]login.PasskeyAttempt, len(codes))
	for n := range attempts {
		begun := w.begin()
		attempts[n] = login.PasskeyAttempt{Assertion: login.Assertion{Ceremony: begun.Ceremony, Response: d.Get(begun.Options)}}
	}
	var all sync.WaitGroup
	for n := range codes {
		all.Go(func() {
			if _, err := w.Login.Passkey(t.Context(), attempts[n]); err != nil {
				codes[n] = fault.CodeOf(err)
			}
		})
	}
	all.Wait()
	slices.Sort(codes)
	if codes[0] != "" || slices.ContainsFunc(codes[1:], func(c fault.Code) bool { return c != fault.InvalidPasskey }) {
		t.Errorf("of %d at once: %q", len(codes), codes)
	}
}

func TestDisabledAccountIsKeptOutWithAPasskey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	d := w.device()
	w.mustAdd(o, d)
	w.SQL(`UPDATE accounts SET status = 'disabled'`)
	_, err := w.signIn(d)
	authtest.WantCode(t, "a disabled account", err, fault.AccountDisabled)
}

func TestRefusedPasskeyIsInTheEventsOfItsOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	d := w.device()
	d.Counter = 5
	w.mustAdd(o, d)
	_, err := w.signIn(d)
	authtest.WantCode(t, "a copy", err, fault.InvalidPasskey)
	if err := w.Refusals.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.Text(`SELECT count(*) FROM events WHERE verb = 'session.sign_in' AND subject = $1 AND reason = 'invalid_passkey'`, o.Account); n != "1" {
		t.Errorf("%s events", n)
	}
}

func TestLastFactorThatGoesTurnsTheSecondStepOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	first, second := w.mustAdd(o, w.device()), w.mustAdd(o, w.device())
	elsewhere := w.device()
	w.mustAdd(o, elsewhere)
	opened, err := w.signIn(elsewhere)
	authtest.WantCode(t, "sign in", err, "")
	for n, id := range []uuid.UUID{first.ID, second.ID} {
		authtest.WantCode(t, "remove", w.Passkeys.Remove(t.Context(), o.Account, o.Session, id), "")
		if on := w.Text(`SELECT second_factor::text FROM accounts WHERE id = $1`, o.Account); on != "true" {
			t.Errorf("after %d: %s", n+1, on)
		}
	}
	if w.live(o, opened.ID) || !w.live(o, o.Session) {
		t.Error("the session that removed it should go on, and no other")
	}
	list, err := w.Passkeys.List(t.Context(), o.Account)
	if err != nil || len(list) != 1 {
		t.Fatalf("left %+v, %v", list, err)
	}
	authtest.WantCode(t, "another's", w.Passkeys.Remove(t.Context(), uuid.New(), uuid.Nil, list[0].ID), fault.FactorNotFound)
	authtest.WantCode(t, "the last", w.Passkeys.Remove(t.Context(), o.Account, o.Session, list[0].ID), "")
	authtest.WantCode(t, "the last again", w.Passkeys.Remove(t.Context(), o.Account, o.Session, list[0].ID), fault.FactorNotFound)
	if left := w.Text(`SELECT second_factor::text || (SELECT count(*) FROM recovery_codes) FROM accounts WHERE id = $1`, o.Account); left != "false0" {
		t.Errorf("left: %s", left)
	}
	w.SignIn(ada, password)
	_, err = w.signIn(elsewhere)
	authtest.WantCode(t, "one that was removed", err, fault.InvalidPasskey)
	if kinds := w.Text(`SELECT string_agg(kind, ' ' ORDER BY created_at) FROM mails WHERE kind LIKE 'factor%'`); kinds != "factor_added factors_changed factors_changed factors_changed factors_changed factor_removed" {
		t.Errorf("mails: %s", kinds)
	}
}

// Two passkeys that are removed at once: one of the removals is the last.
func TestRemovalsAtOnceLeaveNoSecondStepWithoutAFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for round := range 4 {
		o, _ := w.signedIn(fmt.Sprintf("ada%d@books.test", round))
		ids := []uuid.UUID{w.mustAdd(o, w.device()).ID, w.mustAdd(o, w.device()).ID}
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() { authtest.WantCode(t, "remove", w.Passkeys.Remove(t.Context(), o.Account, o.Session, id), "") })
		}
		all.Wait()
		if on := w.Text(`SELECT second_factor::text FROM accounts WHERE id = $1`, o.Account); on != "false" {
			t.Errorf("no factor is left, and the second step is %s", on)
		}
	}
}
