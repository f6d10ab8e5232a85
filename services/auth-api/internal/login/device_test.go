package login_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/session"
)

// limited is a World whose sign-ins have the default limits.
func limited(t *testing.T) *authtest.World {
	t.Helper()
	w := authtest.New(t)
	hourly := limit.Rate{Attempts: 10, Period: time.Hour}
	w.Limit(limit.Rates{
		SignIn: limit.Rate{Attempts: 30, Period: time.Minute}, SignInOverall: limit.Rate{Attempts: 1000, Period: time.Second}, Account: hourly, Device: hourly,
	})
	return w
}

func from(n byte) session.Origin {
	return session.Origin{IP: netip.AddrFrom4([4]byte{192, 0, 2, n})}
}

// guess signs in with a wrong password from many addresses.
func guess(t *testing.T, w *authtest.World, email string, times int) (hashes int) {
	t.Helper()
	return w.Hashes.During(func() {
		for n := range times {
			_, err := w.Login.Password(t.Context(), login.Attempt{Email: email, Password: wrong, From: from(byte(n))})
			if code := fault.CodeOf(err); code != fault.InvalidCredentials && code != fault.TooManyAttempts {
				t.Fatalf("guess %d: %v", n, err)
			}
		}
	})
}

func TestGuessersCannotKeepAKnownDeviceOut(t *testing.T) {
	t.Parallel()
	w := limited(t)
	w.Register(ada, password)
	token := w.SignIn(ada, password).Device.Reveal()
	if hashes := guess(t, w, ada, 200); hashes > 10 {
		t.Errorf("%d guesses were checked, want 10", hashes)
	}
	_, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: password, From: from(7)})
	authtest.WantCode(t, "a guesser's address, without the device", err, fault.TooManyAttempts)
	opened, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: password, Device: token, From: from(7)})
	authtest.WantCode(t, "the known device", err, "")
	if before, after := w.Devices.Read(token), w.Devices.Read(opened.Device.Reveal()); before.ID != after.ID {
		t.Errorf("the device was %s and is %s", before.ID, after.ID)
	}
}

func TestForeignDeviceTokenIsAStranger(t *testing.T) {
	t.Parallel()
	w := limited(t)
	w.Register(ada, password)
	w.Register("grace@books.test", password)
	graces := w.SignIn("grace@books.test", password).Device.Reveal()
	guess(t, w, ada, 40)
	for n := range 20 {
		hashes := w.Hashes.During(func() {
			_, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: wrong, Device: graces, From: from(byte(n))})
			authtest.WantCode(t, "with another account's device", err, fault.TooManyAttempts)
		})
		if hashes != 0 {
			t.Fatalf("guess %d was checked", n)
		}
	}
}

func TestChangedPasswordEndsKnownDevices(t *testing.T) {
	t.Parallel()
	w := limited(t)
	id := w.Register(ada, password)
	opened := w.SignIn(ada, password)
	authtest.WantCode(t, "change", w.Accounts.ChangePassword(t.Context(), id, opened.ID, password, wrong), "")
	for n := range 40 { // with the old password
		_, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: password, From: from(byte(n))})
		if err == nil {
			t.Fatal("the old password signs in")
		}
	}
	stolen := login.Attempt{Email: ada, Password: wrong, Device: opened.Device.Reveal(), From: from(3)}
	_, err := w.Login.Password(t.Context(), stolen)
	authtest.WantCode(t, "the old device token", err, fault.TooManyAttempts)
	// It does not use up what the new devices have either.
	w.Clock.Move(2 * time.Hour)
	known := w.SignIn(ada, wrong).Device.Reveal()
	for range 30 {
		_, _ = w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: password, Device: stolen.Device, From: from(4)})
	}
	_, err = w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: wrong, Device: known, From: from(4)})
	authtest.WantCode(t, "the new device", err, "")
}

func TestUnknownAddressIsThrottledAlike(t *testing.T) {
	t.Parallel()
	w := limited(t)
	w.Register(ada, password)
	answers := map[string][]string{}
	for _, email := range []string{ada, "nobody@books.test"} {
		for n := range 30 {
			_, err := w.Login.Password(t.Context(), login.Attempt{Email: email, Password: wrong, From: session.Origin{IP: netip.AddrFrom4([4]byte{198, 51, byte(len(email)), byte(n)})}})
			var f *fault.Error
			if !errors.As(err, &f) {
				t.Fatal(err)
			}
			name := ""
			if f.Limit != nil {
				name = f.Limit.Name
			}
			answers[email] = append(answers[email], string(f.Code)+f.Detail+name)
		}
	}
	for n := range 30 {
		if known, unknown := answers[ada][n], answers["nobody@books.test"][n]; known != unknown {
			t.Errorf("try %d: %q, of an unknown address %q", n, known, unknown)
		}
	}
}

func TestHundredMissesEndStrangersPassword(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, password)
	token := w.SignIn(ada, password).Device.Reveal()
	miss := func(times int, device string) {
		for range times {
			_, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: wrong, Device: device})
			authtest.WantCode(t, "miss", err, fault.InvalidCredentials)
		}
	}
	signIn := func(device string) error {
		_, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: password, Device: device})
		return err
	}
	miss(account.MaxMisses-1, "")
	authtest.WantCode(t, "after 99 misses", signIn(""), "")
	miss(account.MaxMisses, "")
	hashes := w.Hashes.During(func() { authtest.WantCode(t, "after 100 misses in a row", signIn(""), fault.InvalidCredentials) })
	if hashes != 1 {
		t.Errorf("the refusal costs %d hashes, want 1 as any other", hashes)
	}
	// It outlives Redis and the replica: the count is in Postgres.
	w.Accounts.WriteMissesOnce(t.Context(), slog.New(slog.DiscardHandler))
	if err := w.Redis.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	other := account.New(w.AccountOptions())
	_, err := other.Authenticate(t.Context(), ada, password, nil)
	authtest.WantCode(t, "at another replica", err, fault.InvalidCredentials)
	w.MarkRebuilt()
	authtest.WantCode(t, "on a known device", signIn(token), "")
	authtest.WantCode(t, "after the owner was there", signIn(""), "")

	miss(account.MaxMisses, "")
	miss(account.MaxMisses, token)
	authtest.WantCode(t, "on a known device that misses, too", signIn(token), fault.InvalidCredentials)
	w.Accounts.WriteMissesOnce(t.Context(), slog.New(slog.DiscardHandler))
	authtest.WantCode(t, "unlock", w.Accounts.Unlock(t.Context(), ada), "")
	authtest.WantCode(t, "after the administrator unlocked it", signIn(""), "")
}

// A replica that stops writes what it has counted.
func TestMissesAreWrittenAtTheEnd(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, password)
	for range 7 {
		_, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: wrong})
		authtest.WantCode(t, "miss", err, fault.InvalidCredentials)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	w.Accounts.WriteMisses(ctx, slog.New(slog.DiscardHandler))
	if got := w.Text(`SELECT misses FROM accounts`); got != "7" {
		t.Errorf("%s misses are written, want 7", got)
	}
}
