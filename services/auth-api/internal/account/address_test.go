package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
)

// letter is a mail with a code as it is sent; its request is uuid.Nil if it has none.
type letter struct {
	mail.Mail
	request uuid.UUID
	code    string
}

// sentAbout sends the mails that are queued about addresses, by kind and recipient.
func sentAbout(t *testing.T, w *authtest.World) map[string]letter {
	t.Helper()
	link := func(id uuid.UUID) string { return id.String() }
	preparers := map[mail.Kind]account.AddressMail{
		mail.ChangeAddress:  {Codes: w.Codes, Of: code.ChangeAddress, Link: link},
		mail.AddressChanged: {Codes: w.Codes, Of: code.UndoAddress, Link: link},
	}
	sent := map[string]letter{}
	for _, m := range taken(t, w) {
		err := w.Store.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			l := letter{Mail: m}
			if p, found := preparers[m.Kind]; found {
				out, send, err := p.Prepare(ctx, tx, m)
				if err != nil || !send {
					return err
				}
				l = letter{Mail: out, request: uuid.MustParse(out.Data["url"]), code: out.Data["code"]}
				if err := p.HandedOver(ctx, tx, out, w.Clock.Now()); err != nil {
					return err
				}
			}
			sent[string(l.Kind)+" to "+l.To] = l
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return sent
}

// asked asks for another address, and returns the mail with the code.
func asked(t *testing.T, w *authtest.World, id uuid.UUID, address string) letter {
	t.Helper()
	request, err := w.Accounts.RequestAddress(t.Context(), id, address, "")
	authtest.WantCode(t, "request", err, "")
	l := sentAbout(t, w)["change_address to "+address]
	if l.code == "" {
		return letter{request: request}
	}
	if l.request != request {
		t.Fatalf("the mail is about %s, want %s", l.request, request)
	}
	return l
}

// moved changes the address, and returns the mails about it.
func moved(t *testing.T, w *authtest.World, id uuid.UUID, address string) map[string]letter {
	t.Helper()
	l := asked(t, w, id, address)
	authtest.WantCode(t, "change", w.Accounts.ChangeAddress(t.Context(), id, l.request, l.code), "")
	return sentAbout(t, w)
}

const later, latest = "countess@books.test", "augusta@books.test"

func TestChangedAddressIsSetWithTheCodeOfItsMail(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id, other := w.Register(ada, first), w.Register(grace, first)
	live := w.SignIn(ada, first).Token
	l := asked(t, w, id, later)
	if p := w.Verify(live); p == nil || p.Email != ada {
		t.Errorf("before the code: %+v", p)
	}
	authtest.WantCode(t, "another code", w.Accounts.ChangeAddress(t.Context(), id, l.request, "BCDF-GHJK"), fault.InvalidCode)
	authtest.WantCode(t, "another account", w.Accounts.ChangeAddress(t.Context(), other, l.request, l.code), fault.InvalidCode)
	authtest.WantCode(t, "change", w.Accounts.ChangeAddress(t.Context(), id, l.request, l.code), "")
	authtest.WantCode(t, "again", w.Accounts.ChangeAddress(t.Context(), id, l.request, l.code), fault.InvalidCode)
	if p := w.Verify(live); p == nil || p.Email != later || !p.EmailVerified {
		t.Errorf("the live token says %+v", p)
	}
	told := sentAbout(t, w)
	if told["address_set to "+later].To == "" || told["address_changed to "+ada].code == "" || len(told) != 2 {
		t.Errorf("told are %v", told)
	}
	w.SignIn(later, first)
	_, err := w.Accounts.Authenticate(t.Context(), ada, first, nil)
	authtest.WantCode(t, "the address from before", err, fault.InvalidCredentials)
}

func TestAddressOfSomebodyElseGetsNoCode(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	w.Register(grace, first)
	l := asked(t, w, id, grace)
	if l.code != "" {
		t.Errorf("mailed %+v", l)
	}
	authtest.WantCode(t, "no code", w.Accounts.ChangeAddress(t.Context(), id, l.request, "BCDF-GHJK"), fault.InvalidCode)
	// Nor can it be had if it was taken after the mail.
	l = asked(t, w, id, later)
	w.Register(later, first)
	authtest.WantCode(t, "taken meanwhile", w.Accounts.ChangeAddress(t.Context(), id, l.request, l.code), fault.InvalidCode)
	w.SignIn(ada, first)
}

func TestChangeOfAddressVoidsOpenCodes(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	reset, typed := mailed(t, w, ada)
	other := asked(t, w, id, latest)
	moved(t, w, id, later)
	authtest.WantCode(t, "a reset by the address from before", w.Accounts.Reset(t.Context(), reset, typed, second), fault.InvalidCode)
	authtest.WantCode(t, "another change", w.Accounts.ChangeAddress(t.Context(), id, other.request, other.code), fault.InvalidCode)
	// And a reset voids a change that is half done.
	half := asked(t, w, id, latest)
	reset, typed = mailed(t, w, later)
	authtest.WantCode(t, "reset", w.Accounts.Reset(t.Context(), reset, typed, second), "")
	authtest.WantCode(t, "half done", w.Accounts.ChangeAddress(t.Context(), id, half.request, half.code), fault.InvalidCode)
}

func TestAddressFromBeforeCanUndoForADay(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	undo := moved(t, w, id, later)["address_changed to "+ada]
	made := w.SignIn(later, first)
	app := uuid.New()
	_, err := w.Authorizations.RecordConsent(t.Context(), id, app, []string{"email"})
	authtest.WantCode(t, "let an app in", err, "")
	// Whoever has the account now can set the password, and that does not end the undo.
	authtest.WantCode(t, "change the password", w.Accounts.ChangePassword(t.Context(), id, made.ID, first, second), "")
	w.Clock.Move(code.UndoLifetime - time.Second)
	authtest.WantInvalid(t, "a weak password", w.Accounts.UndoAddress(t.Context(), undo.request, undo.code, "short"), "new_password", "too_short")
	authtest.WantCode(t, "undo", w.Accounts.UndoAddress(t.Context(), undo.request, undo.code, "a third engine for patterns"), "")
	if w.IsLive(made.Token) {
		t.Error("what was made since is alive")
	}
	if n := w.Text(`SELECT count(*) FROM consents WHERE withdrawn_at IS NULL`); n != "0" {
		t.Errorf("%s consents stand", n)
	}
	if p := w.Verify(w.SignIn(ada, "a third engine for patterns").Token); p == nil || p.Email != ada || !p.EmailVerified {
		t.Errorf("the owner's token says %+v", p)
	}
	told := sentAbout(t, w)
	if told["address_restored to "+ada].To == "" || told["address_restored to "+later].To == "" {
		t.Errorf("told are %v", told)
	}
	authtest.WantCode(t, "undo again", w.Accounts.UndoAddress(t.Context(), undo.request, undo.code, first), fault.InvalidCode)

	undo = moved(t, w, id, later)["address_changed to "+ada]
	w.Clock.Move(code.UndoLifetime)
	authtest.WantCode(t, "a day later", w.Accounts.UndoAddress(t.Context(), undo.request, undo.code, second), fault.InvalidCode)
}

func TestSecondChangeDoesNotCancelTheFirstUndo(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	one := moved(t, w, id, later)["address_changed to "+ada]
	two := moved(t, w, id, latest)["address_changed to "+later]
	if two.code == "" {
		t.Fatal("the second change told nobody")
	}
	authtest.WantCode(t, "undo the first", w.Accounts.UndoAddress(t.Context(), one.request, one.code, second), "")
	w.SignIn(ada, second)
	// The address that the second change was undone by is that of whoever made the first.
	authtest.WantCode(t, "undo the second afterwards", w.Accounts.UndoAddress(t.Context(), two.request, two.code, first), fault.InvalidCode)
	w.SignIn(ada, second)
}

func TestUndoOfALaterChangeKeepsTheFirstUndo(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	one := moved(t, w, id, later)["address_changed to "+ada]
	two := moved(t, w, id, latest)["address_changed to "+later]
	authtest.WantCode(t, "undo the second", w.Accounts.UndoAddress(t.Context(), two.request, two.code, second), "")
	w.SignIn(later, second)
	authtest.WantCode(t, "undo the first", w.Accounts.UndoAddress(t.Context(), one.request, one.code, first), "")
	w.SignIn(ada, first)
}

func TestAddressFromBeforeIsKeptForItsOwner(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id, other := w.Register(ada, first), w.Register(grace, first)
	undo := moved(t, w, id, later)["address_changed to "+ada]
	_, err := w.Accounts.Create(t.Context(), "ADA@books.test", second, true)
	authtest.WantCode(t, "create", err, fault.AlreadyExists)
	_, err = w.Accounts.RequestRegistration(t.Context(), ada, "")
	authtest.WantCode(t, "register", err, "")
	for _, m := range taken(t, w) {
		err := w.Store.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			if _, send, err := (account.RegistrationMail{Codes: w.Codes}).Prepare(ctx, tx, m); err != nil || send {
				t.Errorf("a code is mailed that can make no account: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, dry := range []bool{true, false} {
		if became, err := w.Accounts.Import(t.Context(), []account.Import{{Email: "ADA@books.test"}}, dry); err != nil || became[0] != account.Reserved {
			t.Errorf("import (dry: %v): %v, %v", dry, became, err)
		}
	}
	l := asked(t, w, other, ada)
	authtest.WantCode(t, "change", w.Accounts.ChangeAddress(t.Context(), other, l.request, l.code), fault.InvalidCode)
	// The account itself can have it back.
	w.Clock.Move(time.Hour)
	back := asked(t, w, id, ada)
	authtest.WantCode(t, "change back", w.Accounts.ChangeAddress(t.Context(), id, back.request, back.code), "")
	moved(t, w, id, latest)
	authtest.WantCode(t, "the first undo", w.Accounts.UndoAddress(t.Context(), undo.request, undo.code, second), "")

	moved(t, w, id, "hedy@books.test")
	w.Clock.Move(code.UndoLifetime)
	w.Register(ada, second)
}

// Whoever has an address that nobody has proved must not get the account by it.
func TestUnprovedAddressCannotUndo(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Unproved(ada, first)
	if told := moved(t, w, id, later); len(told) != 1 || told["address_set to "+later].To == "" {
		t.Errorf("told are %v", told)
	}
	w.Register(ada, second)
	// Another spelling of the same address is no change that anybody needs to undo.
	if told := moved(t, w, id, "Countess@books.test"); len(told) != 1 || told["address_set to Countess@books.test"].To == "" {
		t.Errorf("told are %v", told)
	}
}

// An undo that cannot be mailed must not be lost: then nothing is changed.
func TestAddressThatCannotBeToldIsNotChanged(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	l := asked(t, w, id, later)
	for range code.Hourly {
		request(t, w, ada)
	}
	authtest.WantCode(t, "change", w.Accounts.ChangeAddress(t.Context(), id, l.request, l.code), fault.TooManyAttempts)
	w.SignIn(ada, first)
	w.Clock.Move(time.Hour)
	moved(t, w, id, later)
}

func TestServiceWithoutMailChangesNoAddress(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	o := w.AccountOptions()
	o.Mails = w.WithoutMail()
	_, err := account.New(o).RequestAddress(t.Context(), id, later, "")
	authtest.WantCode(t, "request", err, fault.MailNotConfigured)
	authtest.WantCode(t, "undo", account.New(o).UndoAddress(t.Context(), uuid.New(), "BCDF-GHJK", second), fault.MailNotConfigured)
}

// Whoever changed the address may have turned on a second factor, which would keep the owner
// out. One that is older is the owner's.
func TestUndoForgetsAFactorThatWasMadeSince(t *testing.T) {
	t.Parallel()
	for name, since := range map[string]bool{"since": true, "before": false} {
		w := authtest.New(t)
		id := w.Register(ada, first)
		guard := func() {
			w.SQL(`INSERT INTO totps (account, key_id, secret, confirmed_at, created_at) VALUES ($1, 's1', '\x00', $2, $2)`, id, w.Clock.Now())
			w.SQL(`UPDATE accounts SET second_factor = true`)
		}
		if !since {
			guard()
			w.Clock.Move(time.Minute)
		}
		undo := moved(t, w, id, later)["address_changed to "+ada]
		if since {
			guard()
		}
		authtest.WantCode(t, name, w.Accounts.UndoAddress(t.Context(), undo.request, undo.code, second), "")
		a, err := w.Accounts.Authenticate(t.Context(), ada, second, nil)
		if err != nil || a.SecondFactor == since {
			t.Errorf("%s: a second factor: %v, %v", name, a.SecondFactor, err)
		}
	}
}
