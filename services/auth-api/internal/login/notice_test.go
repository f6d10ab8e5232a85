package login_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/session"
)

// queued are the kinds and recipients of the mails in the outbox.
func queued(w *authtest.World) string {
	return w.Text(`SELECT string_agg(kind || ' to ' || recipient || ' ' || data::text, ', ' ORDER BY created_at) FROM mails`)
}

func TestOwnerIsToldOfSignInsOnNewDevices(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, password)
	from := session.Origin{IP: netip.MustParseAddr("192.0.2.7"), Device: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
	signIn := func(device, typed string) login.Opened {
		t.Helper()
		opened, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: typed, Device: device, From: from})
		if err != nil {
			t.Fatal(err)
		}
		return opened
	}
	first := signIn("", password)
	if got := queued(w); got != "" {
		t.Errorf("the first sign-in of all is told: %s", got)
	}
	again := signIn(first.Device.Reveal(), password)
	if got := queued(w); got != "" {
		t.Errorf("a sign-in on a known device is told: %s", got)
	}
	signIn("", password)
	const want = `new_device to ada@books.test {"system": "Linux", "address": "192.0.2.7", "browser": "Firefox"}`
	if got := queued(w); got != want {
		t.Errorf("queued is %s, want %s", got, want)
	}
	w.SQL(`DELETE FROM mails`)
	authtest.WantCode(t, "change", w.Accounts.ChangePassword(t.Context(), id, again.ID, password, wrong), "")
	if got := queued(w); got != "password_changed to ada@books.test {}" {
		t.Errorf("queued is %s after the change of a password", got)
	}
	signIn(first.Device.Reveal(), wrong)
	if got := queued(w); !strings.Contains(got, "new_device") {
		t.Errorf("queued is %s after a sign-in on a device that knows an older password", got)
	}
	authtest.WantCode(t, "delete", w.Accounts.Delete(t.Context(), id, wrong), "")
	if got := queued(w); got != "" {
		t.Errorf("the mails of a deleted account are %s", got)
	}
}

func TestUnprovedAddressGetsNoNotice(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Unproved(ada, password)
	w.SignIn(ada, password)
	opened := w.SignIn(ada, password)
	authtest.WantCode(t, "change", w.Accounts.ChangePassword(t.Context(), uuid.MustParse(w.Text(`SELECT id FROM accounts`)), opened.ID, password, wrong), "")
	if got := queued(w); got != "" {
		t.Errorf("queued is %s", got)
	}
}

func TestRefusedSignInQueuesNothing(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, password)
	w.SignIn(ada, password)
	if _, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: password, Scopes: []string{"nobody:has"}}); err == nil {
		t.Fatal("the sign-in was not refused")
	}
	if got := queued(w); got != "" {
		t.Errorf("queued is %s", got)
	}
}

// Known devices pay nothing for the notices: what they send to Postgres is what a service
// without mail sends.
func TestNoticesCostKnownDevicesNothing(t *testing.T) {
	t.Parallel()
	c := newCounted(t)
	c.Register(ada, password)
	known := c.SignIn(ada, password).Device.Reveal()
	silent := login.New(c.accounts, c.Sessions, c.Devices, c.Limits, c.Refusals, c.WithoutMail(), c.Factors, c.Passkeys)
	about := func(s *login.Service, device string) (statements []string) {
		for range 3 { // Then statements are prepared.
			statements = c.during(func() {
				if _, err := s.Password(t.Context(), login.Attempt{Email: ada, Password: password, Device: device}); err != nil {
					t.Fatal(err)
				}
			}).sent
		}
		return slices.DeleteFunc(statements, func(s string) bool { return !strings.Contains(s, "mails") && !strings.Contains(s, "first_sign_in_at") })
	}
	if got := about(c.login, known); len(got) != 0 {
		t.Errorf("a known device sends %q", got)
	}
	if got := about(c.login, ""); len(got) != 2 {
		t.Errorf("a new device sends %q, want a look at the first sign-in and one insert", got)
	}
	if got := about(silent, ""); len(got) != 1 {
		t.Errorf("without mail, a new device sends %q", got)
	}
}
