package passkey_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/internal/servicetest/passkeytest"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/passkey"
)

func TestFirstPasskeyTurnsTheSecondStepOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, here := w.signedIn(ada)
	elsewhere := w.SignIn(ada, password)
	laptop := w.device()
	added := w.mustAdd(o, laptop)
	if len(added.RecoveryCodes) != 10 || added.Name != "Laptop" || !added.LastUsedAt.IsZero() {
		t.Errorf("added %+v", added)
	}
	if w.live(o, elsewhere.ID) || !w.live(o, o.Session) {
		t.Error("the session that added it should go on, and no other")
	}
	if p := w.Verify(here.Token); p == nil || !slices.Contains(p.AuthenticatedBy, "mfa") {
		t.Errorf("the session that added it says %+v", p)
	}
	has, err := w.Factors.Of(t.Context(), o.Account)
	if err != nil || has.Passkeys != 1 || has.TOTP || !has.Required || has.RecoveryCodes != 10 {
		t.Errorf("factors: %+v, %v", has, err)
	}
	// The second one ends nothing, and the codes stay.
	phone := w.device()
	if added := w.mustAdd(o, phone); len(added.RecoveryCodes) != 0 {
		t.Errorf("new codes: %v", added.RecoveryCodes)
	}
	if n := w.Text(`SELECT string_agg(kind, ' ' ORDER BY created_at) FROM mails WHERE kind LIKE 'factor%'`); n != "factor_added factors_changed" {
		t.Errorf("mails: %s", n)
	}
}

func TestOptionsAreThoseThatDevicesNeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	o.Name = "Ada"
	begun, err := w.Passkeys.BeginAdd(t.Context(), o, false)
	if err != nil {
		t.Fatal(err)
	}
	var options struct {
		RP   struct{ ID, Name string }
		User struct {
			ID, Name, DisplayName string
		}
		PubKeyCredParams       []struct{ Alg int }
		AuthenticatorSelection struct{ ResidentKey, UserVerification string }
		Attestation            string
		ExcludeCredentials     []struct{ ID string }
	}
	if err := json.Unmarshal(begun.Options, &options); err != nil {
		t.Fatal(err)
	}
	var algorithms []int
	for _, p := range options.PubKeyCredParams {
		algorithms = append(algorithms, p.Alg)
	}
	if options.RP.ID != "auth.books.test" || options.RP.Name != "Books" || options.User.Name != ada || options.User.DisplayName != "Ada" {
		t.Errorf("names: %+v", options)
	}
	// -7 is ES256, -257 RS256: without it Windows Hello makes no passkey.
	if !slices.Contains(algorithms, -7) || !slices.Contains(algorithms, -257) {
		t.Errorf("algorithms: %v", algorithms)
	}
	if options.AuthenticatorSelection.ResidentKey != "required" || options.AuthenticatorSelection.UserVerification != "required" || !slices.Contains([]string{"", "none"}, options.Attestation) {
		t.Errorf("selection: %+v, %s", options.AuthenticatorSelection, options.Attestation)
	}
	// The handle tells nobody who it is, and is the same for all passkeys of an account.
	if len(options.User.ID) != 86 || strings.Contains(string(begun.Options), o.Account.String()) {
		t.Errorf("handle: %s", options.User.ID)
	}
	first, second := w.device(), w.device()
	w.mustAdd(o, first)
	w.mustAdd(o, second)
	if string(first.Handle) != string(second.Handle) {
		t.Error("two handles for one account")
	}
}

func TestSameDeviceTwiceIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	d := w.device()
	w.mustAdd(o, d)
	begun, err := w.Passkeys.BeginAdd(t.Context(), o, false)
	if err != nil || !strings.Contains(string(begun.Options), `"excludeCredentials":[{`) {
		t.Errorf("devices are not told which they have: %s, %v", begun.Options, err)
	}
	// A browser that does not look at it.
	_, err = w.add(o, d)
	authtest.WantCode(t, "the same passkey", err, fault.AlreadyExists)
	other, _ := w.signedIn(grace)
	_, err = w.add(other, d)
	authtest.WantCode(t, "somebody else's passkey", err, fault.AlreadyExists)
	if has, err := w.Factors.Of(t.Context(), other.Account); err != nil || has.Required || has.RecoveryCodes != 0 {
		t.Errorf("what was refused has left %+v, %v", has, err)
	}
}

func TestNewPasskeyIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	other, _ := w.signedIn(grace)
	begun := func(o passkey.Owner) passkey.Begun {
		b, err := w.Passkeys.BeginAdd(t.Context(), o, false)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		try  func() error
		code fault.Code
		says string
	}{
		"another site":    {func() error { d := w.device(); d.Origin = "https://evil.test"; _, err := w.add(o, d); return err }, fault.InvalidPasskey, "another site"},
		"another port":    {func() error { d := w.device(); d.Origin += ":8443"; _, err := w.add(o, d); return err }, fault.InvalidPasskey, "another site"},
		"another domain":  {func() error { d := w.device(); d.Domain = "books.test"; _, err := w.add(o, d); return err }, fault.InvalidPasskey, "another domain"},
		"nobody verified": {func() error { d := w.device(); d.Unverified = true; _, err := w.add(o, d); return err }, fault.InvalidPasskey, "did not check who you are"},
		"another's ceremony": {func() error {
			b := begun(other)
			_, err := w.Passkeys.Add(t.Context(), o, "Laptop", b.Ceremony, w.device().Create(b.Options))
			return err
		}, fault.RequestExpired, ""},
		"another session's ceremony": {func() error {
			b := begun(passkey.Owner{Account: o.Account, Session: uuid.New(), Email: ada})
			_, err := w.Passkeys.Add(t.Context(), o, "Laptop", b.Ceremony, w.device().Create(b.Options))
			return err
		}, fault.RequestExpired, ""},
		"the challenge of another ceremony": {func() error {
			_, err := w.Passkeys.Add(t.Context(), o, "Laptop", begun(o).Ceremony, w.device().Create(begun(o).Options))
			return err
		}, fault.InvalidPasskey, "not what was asked for"},
		"a ceremony to sign in": {func() error {
			_, err := w.Passkeys.Add(t.Context(), o, "Laptop", w.begin().Ceremony, w.device().Create(begun(o).Options))
			return err
		}, fault.RequestExpired, ""},
		"no ceremony": {func() error {
			_, err := w.Passkeys.Add(t.Context(), o, "Laptop", "s1xyz", w.device().Create(begun(o).Options))
			return err
		}, fault.RequestExpired, ""},
		"what is no answer": {func() error {
			_, err := w.Passkeys.Add(t.Context(), o, "Laptop", begun(o).Ceremony, []byte(`{"id":"x"}`))
			return err
		}, fault.ValidationFailed, ""},
		"no name": {func() error {
			b := begun(o)
			_, err := w.Passkeys.Add(t.Context(), o, " ", b.Ceremony, w.device().Create(b.Options))
			return err
		}, fault.ValidationFailed, ""},
	} {
		err := c.try()
		authtest.WantCode(t, name, err, c.code)
		if got := detail(err); !strings.Contains(got, c.says) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if n := w.Text(`SELECT count(*) FROM passkeys`) + w.Text(`SELECT count(*) FROM recovery_codes`); n != "00" {
		t.Errorf("what was refused has left %s", n)
	}
}

func TestCeremonyWorksOnceAndForFiveMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	b, err := w.Passkeys.BeginAdd(t.Context(), o, false)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []fault.Code{"", fault.RequestExpired} {
		_, err := w.Passkeys.Add(t.Context(), o, "Laptop", b.Ceremony, w.device().Create(b.Options))
		authtest.WantCode(t, fmt.Sprint("try ", n), err, want)
	}
	if b, err = w.Passkeys.BeginAdd(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	w.Clock.Move(passkey.Lifetime)
	_, err = w.Passkeys.Add(t.Context(), o, "Laptop", b.Ceremony, w.device().Create(b.Options))
	authtest.WantCode(t, "too late", err, fault.RequestExpired)
	if n, err := w.Passkeys.SweepOnce(t.Context()); err != nil || n != 1 {
		t.Errorf("swept %d, %v", n, err)
	}
}

func TestPasskeysAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	last, err := w.Passkeys.BeginAdd(t.Context(), o, false)
	if err != nil {
		t.Fatal(err)
	}
	first := w.device()
	w.mustAdd(o, first)
	w.SQL(`INSERT INTO passkeys (id, account, credential_id, handle, rp_id, name, credential, created_at)
		SELECT gen_random_uuid(), account, sha256(n::text::bytea), handle, rp_id, name, credential, created_at FROM passkeys, generate_series(2, $1::int) n`, passkey.Max)
	_, err = w.Passkeys.BeginAdd(t.Context(), o, false)
	authtest.WantInvalid(t, "one too many", err, "credential", "too_many")
	// A ceremony from before is no way around it.
	_, err = w.Passkeys.Add(t.Context(), o, "Laptop", last.Ceremony, w.device().Create(last.Options))
	authtest.WantInvalid(t, "one too many with an old ceremony", err, "credential", "too_many")
}

func TestPasskeysThatHaveMovedAreRefusedAtStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	options := w.PasskeyOptions()
	options.Party.ID, options.Party.Origins = "shop.test", []string{"https://shop.test"}
	elsewhere, err := passkey.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := elsewhere.Moved(t.Context()); err != nil {
		t.Errorf("without passkeys: %v", err)
	}
	w.mustAdd(o, w.device())
	if err := w.Passkeys.Moved(t.Context()); err != nil {
		t.Errorf("on the same domain: %v", err)
	}
	if err := elsewhere.Moved(t.Context()); err == nil || !strings.Contains(err.Error(), "there are 1 passkeys for auth.books.test") {
		t.Errorf("on another domain: %v", err)
	}
}

func TestServiceWithoutADomainHasNoPasskeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	options := w.PasskeyOptions()
	options.Party = passkey.Party{}
	none, err := passkey.New(options)
	if err != nil {
		t.Fatal(err)
	}
	_, add := none.BeginAdd(t.Context(), o, false)
	_, signIn := none.BeginSignIn(t.Context())
	_, step := none.BeginSecondStep(t.Context(), o.Account)
	_, check := none.Check(t.Context(), uuid.Nil, "x", nil)
	_, added := none.Add(t.Context(), o, "Laptop", "x", nil)
	for name, err := range map[string]error{"begin to add": add, "begin to sign in": signIn, "begin a second step": step, "sign in": check, "add": added} {
		authtest.WantCode(t, name, err, fault.PasskeysNotConfigured)
	}
	if none.Enabled() || !w.Passkeys.Enabled() {
		t.Error("enabled says otherwise")
	}
}

// silent makes a passkey as a browser does by itself: nobody touches the device.
func (w *world) silent(o passkey.Owner, d *passkeytest.Device) passkey.Added {
	w.t.Helper()
	begun, err := w.Passkeys.BeginAdd(w.t.Context(), o, true)
	if err != nil {
		w.t.Fatal(err)
	}
	d.Untouched, d.Unverified = true, true
	added, err := w.Passkeys.Add(w.t.Context(), o, "Browser", begun.Ceremony, d.Create(begun.Options))
	if err != nil {
		w.t.Fatal(err)
	}
	d.Untouched, d.Unverified = false, false
	return added
}

func TestSilentPasskeyIsNoFactorUntilItIsUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, here := w.signedIn(ada)
	elsewhere := w.SignIn(ada, password)
	d := w.device()
	added := w.silent(o, d)
	if added.Proved || len(added.RecoveryCodes) != 0 || !w.live(o, elsewhere.ID) {
		t.Errorf("it has changed how one signs in: %+v", added)
	}
	if p := w.Verify(here.Token); slices.Contains(p.AuthenticatedBy, "mfa") {
		t.Errorf("the session that made it counts as one with a second factor: %+v", p)
	}
	want := func(what string, passkeys int, required bool) {
		t.Helper()
		if has, err := w.Factors.Of(t.Context(), o.Account); err != nil || has.Passkeys != passkeys || has.Required != required {
			t.Errorf("%s: %+v, %v", what, has, err)
		}
	}
	want("before it is used", 0, false)
	_, err := w.Passkeys.Require(t.Context(), o)
	authtest.WantCode(t, "ask for one that was never used", err, fault.FactorNotFound)
	d.Unverified = true
	_, err = w.signIn(d)
	authtest.WantCode(t, "a use without verification", err, fault.InvalidPasskey)
	want("after a use without verification", 0, false)
	d.Unverified = false
	_, err = w.signIn(d)
	authtest.WantCode(t, "its first use", err, "")
	want("after its first use", 1, false)
	w.SignIn(ada, password) // The password still does.
	recovery, err := w.Passkeys.Require(t.Context(), o)
	if err != nil || len(recovery) != 10 {
		t.Errorf("%d codes, %v", len(recovery), err)
	}
	want("when it is asked for", 1, true)
	if w.live(o, elsewhere.ID) || !w.live(o, o.Session) {
		t.Error("the session that asked for it should go on, and no other")
	}
	_, err = w.Passkeys.Require(t.Context(), o)
	authtest.WantCode(t, "ask for it again", err, fault.AlreadyExists)
	if kinds := w.Text(`SELECT string_agg(kind, ' ' ORDER BY created_at) FROM mails WHERE kind LIKE 'factor%'`); kinds != "factors_changed factor_added" {
		t.Errorf("mails: %s", kinds)
	}
}

func TestRemovedSilentPasskeyLeavesTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, _ := w.signedIn(ada)
	phone := w.device()
	w.silent(o, phone)
	authtest.WantCode(t, "remove", w.Passkeys.Remove(t.Context(), o.Account, o.Session, w.silent(o, w.device()).ID), "")
	_, err := w.signIn(phone)
	authtest.WantCode(t, "sign in with the other", err, "")
}

// Whoever knew the password may have made one.
func TestSilentPasskeysGoWithThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const next = "another teapot marches south"
	for name, change := range map[string]func(o passkey.Owner) error{
		"the password is changed": func(o passkey.Owner) error {
			return w.Accounts.ChangePassword(t.Context(), o.Account, o.Session, password, next)
		},
		"the second step is turned on": func(o passkey.Owner) error {
			_, err := w.add(o, w.device())
			return err
		},
	} {
		o, _ := w.signedIn(strings.ReplaceAll(name, " ", "-") + "@books.test")
		d := w.device()
		w.silent(o, d)
		authtest.WantCode(t, name, change(o), "")
		_, err := w.signIn(d)
		authtest.WantCode(t, name+": sign in with it", err, fault.InvalidPasskey)
	}
	// One that its owner has asked for stays.
	o, _ := w.signedIn(ada)
	d := w.device()
	w.mustAdd(o, d)
	authtest.WantCode(t, "change the password", w.Accounts.ChangePassword(t.Context(), o.Account, o.Session, password, next), "")
	_, err := w.signIn(d)
	authtest.WantCode(t, "one that was asked for", err, "")
}
