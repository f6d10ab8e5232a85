package passkey_test

import (
	"os"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest/passkeytest"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/passkey"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const (
	ada      = "ada@books.test"
	grace    = "grace@books.test"
	password = "violet teapot marches north"
)

type world struct {
	*authtest.World
	t *testing.T
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{authtest.New(t), t}
}

func (w *world) device() *passkeytest.Device {
	return passkeytest.New(w.t, "auth.books.test", "https://auth.books.test")
}

// signedIn is a new account with a session.
func (w *world) signedIn(email string) (passkey.Owner, login.Opened) {
	w.t.Helper()
	id := w.Register(email, password)
	opened := w.SignIn(email, password)
	return passkey.Owner{Account: id, Session: opened.ID, Email: email}, opened
}

// add adds the passkey of a device.
func (w *world) add(o passkey.Owner, d *passkeytest.Device) (passkey.Added, error) {
	w.t.Helper()
	begun, err := w.Passkeys.BeginAdd(w.t.Context(), o, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.Passkeys.Add(w.t.Context(), o, "Laptop", begun.Ceremony, d.Create(begun.Options))
}

func (w *world) mustAdd(o passkey.Owner, d *passkeytest.Device) passkey.Added {
	w.t.Helper()
	added, err := w.add(o, d)
	if err != nil {
		w.t.Fatal(err)
	}
	return added
}

// signIn signs in with the passkey of a device alone.
func (w *world) signIn(d *passkeytest.Device) (login.Opened, error) {
	w.t.Helper()
	begun := w.begin()
	return w.Login.Passkey(w.t.Context(), login.PasskeyAttempt{Assertion: login.Assertion{Ceremony: begun.Ceremony, Response: d.Get(begun.Options)}})
}

func (w *world) begin() passkey.Begun {
	w.t.Helper()
	begun, err := w.Login.BeginPasskey(w.t.Context(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	return begun
}

// live says whether a session is in the list of its owner's.
func (w *world) live(o passkey.Owner, id uuid.UUID) bool {
	w.t.Helper()
	listed, err := w.Sessions.List(w.t.Context(), o.Account)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, one := range listed {
		if one.ID == id {
			return true
		}
	}
	return false
}
