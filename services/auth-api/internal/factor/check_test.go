package factor_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/servicekey"
)

func raw16(t *testing.T, id string) uuid.UUID {
	t.Helper()
	return uuid.MustParse(id)
}

// spend spends a code in a challenge of its own.
func (w *world) spend(account uuid.UUID, typed string) error {
	w.t.Helper()
	c := w.challenge(account)
	p, err := w.Check(w.t.Context(), account, typed, false)
	if err != nil {
		return err
	}
	return w.Store.Tx(w.t.Context(), func(ctx context.Context, tx pgx.Tx) error { return w.Spend(ctx, tx, c, p) })
}

func TestParallelCodeWinsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret, recovery := w.enrolled(ada)
	for name, typed := range map[string]string{"a code of the app": w.code(secret, 0), "a recovery code": recovery[0]} {
		var won atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := w.spend(id, typed); err == nil {
					won.Add(1)
				} else {
					authtest.WantCode(t, name, err, fault.InvalidCode)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%s was taken %d times", name, won.Load())
		}
	}
}

func TestOlderStepIsNotTakenAfterANewerOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret, _ := w.enrolled(ada) // with the step before this one
	authtest.WantCode(t, "the code of the enrolment", w.spend(id, w.code(secret, -1)), fault.InvalidCode)
	authtest.WantCode(t, "the next code", w.spend(id, w.code(secret, 1)), "")
	authtest.WantCode(t, "this code", w.spend(id, w.code(secret, 0)), fault.InvalidCode)
	w.Clock.Move(2 * factor.Period)
	authtest.WantCode(t, "a minute later", w.spend(id, w.code(secret, 0)), "")
}

func TestChallengeIsGoodOnceAndForFiveMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret, recovery := w.enrolled(ada)
	handle, err := w.Challenge(t.Context(), factor.Challenge{Account: id, PasswordVersion: 1, Scopes: []string{"account"}, Device: uuid.New()})
	authtest.WantCode(t, "challenge", err, "")
	c, err := w.Challenged(t.Context(), handle)
	authtest.WantCode(t, "open", err, "")
	if c.Account != id || c.PasswordVersion != 1 || len(c.Scopes) != 1 || c.Device == uuid.Nil {
		t.Errorf("got %+v", c)
	}
	spend := func(typed string) error {
		p, err := w.Check(t.Context(), id, typed, false)
		if err != nil {
			return err
		}
		return w.Store.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error { return w.Spend(ctx, tx, c, p) })
	}
	authtest.WantCode(t, "spend", spend(w.code(secret, 0)), "")
	authtest.WantCode(t, "once more, with another code", spend(w.code(secret, 1)), fault.RequestExpired)
	_, err = w.Challenged(t.Context(), handle)
	authtest.WantCode(t, "a spent one", err, fault.RequestExpired)

	old, err := w.Challenge(t.Context(), factor.Challenge{Account: id, PasswordVersion: 1})
	authtest.WantCode(t, "challenge", err, "")
	w.Clock.Move(factor.ChallengeLifetime - time.Second)
	c, err = w.Challenged(t.Context(), old)
	authtest.WantCode(t, "just before its end", err, "")
	w.Clock.Move(time.Second)
	_, err = w.Challenged(t.Context(), old)
	authtest.WantCode(t, "at its end", err, fault.RequestExpired)
	authtest.WantCode(t, "spend at its end", spend(recovery[1]), fault.RequestExpired)
	for _, made := range []string{"", "x", strings.Repeat("A", 43)} {
		_, err = w.Challenged(t.Context(), made)
		authtest.WantCode(t, "a made-up one", err, fault.RequestExpired)
	}
	w.Clock.Move(time.Second)
	if n, err := w.SweepOnce(t.Context()); err != nil || n != 2 {
		t.Errorf("swept %d, %v", n, err)
	}
}

func TestChallengesOfAnAccountAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _, _ := w.enrolled(ada)
	var last string
	for range 103 {
		w.Clock.Move(time.Millisecond)
		var err error
		last, err = w.Challenge(t.Context(), factor.Challenge{Account: id, PasswordVersion: 1})
		authtest.WantCode(t, "challenge", err, "")
	}
	if got := w.Text(`SELECT count(*) FROM sign_in_challenges`); got != "100" {
		t.Errorf("%s challenges", got)
	}
	_, err := w.Challenged(t.Context(), last)
	authtest.WantCode(t, "the newest", err, "")
}

func TestCodeWorksOnceHoweverTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret, recovery := w.enrolled(ada)
	if len(recovery) != factor.RecoveryCodes {
		t.Fatalf("%d codes", len(recovery))
	}
	form := func(n int, change func(string) string) string { return change(recovery[n]) }
	for name, typed := range map[string]string{
		"as shown": recovery[0], "in capitals": form(1, strings.ToUpper), "without hyphens": form(2, func(s string) string { return strings.ReplaceAll(s, "-", "") }),
		"with spaces": form(3, func(s string) string { return " " + strings.ReplaceAll(s, "-", " ") }), "an app's code with a space": w.code(secret, 0)[:3] + " " + w.code(secret, 0)[3:],
	} {
		authtest.WantCode(t, name, w.spend(id, typed), "")
		authtest.WantCode(t, name+", again", w.spend(id, typed), fault.InvalidCode)
	}
	other, _, _ := w.enrolled(grace)
	authtest.WantCode(t, "another account's", w.spend(other, recovery[5]), fault.InvalidCode)
	if f, err := w.Of(t.Context(), id); err != nil || !f.TOTP || f.RecoveryCodes != factor.RecoveryCodes-4 {
		t.Errorf("%+v, %v", f, err)
	}
	fresh, err := w.NewRecoveryCodes(t.Context(), id)
	authtest.WantCode(t, "new codes", err, "")
	authtest.WantCode(t, "an old one", w.spend(id, recovery[6]), fault.InvalidCode)
	authtest.WantCode(t, "a new one", w.spend(id, fresh[0]), "")
	for _, no := range []string{"", "12345", "1234567", "abcd", strings.Repeat("1", 24), recovery[7] + "a"} {
		_, err := w.Check(t.Context(), id, no, false)
		authtest.WantCode(t, fmt.Sprintf("%q", no), err, fault.ValidationFailed)
	}
}

func TestManyMissesLeaveOnlyRecoveryCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret, recovery := w.enrolled(ada)
	miss := func(times int, known bool) {
		for range times {
			_, err := w.Check(t.Context(), id, w.wrongOf(secret), known)
			authtest.WantCode(t, "miss", err, fault.InvalidCode)
		}
	}
	right := func(known bool) error {
		_, err := w.Check(t.Context(), id, w.code(secret, 0), known)
		return err
	}
	miss(factor.MaxMisses-1, false)
	authtest.WantCode(t, "one before the last miss", right(false), "")
	miss(1, false)
	authtest.WantCode(t, "a stranger's right code", right(false), fault.InvalidCode)
	authtest.WantCode(t, "a known device's", right(true), "")
	miss(factor.MaxMisses, true)
	authtest.WantCode(t, "a known device's after as many of its own", right(true), fault.InvalidCode)
	authtest.WantCode(t, "a recovery code", w.spend(id, recovery[0]), "")
	authtest.WantCode(t, "the app's code after it", w.spend(id, w.code(secret, 0)), "")
	if n := w.Text(`SELECT misses FROM totps`); n != "0" {
		t.Errorf("%s misses are left", n)
	}
}

func TestOperatorUnlocksTheSecondStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret, _ := w.enrolled(ada)
	for range factor.MaxMisses {
		_, err := w.Check(t.Context(), id, w.wrongOf(secret), false)
		authtest.WantCode(t, "miss", err, fault.InvalidCode)
	}
	_, err := w.Check(t.Context(), id, w.code(secret, 0), false)
	authtest.WantCode(t, "a right code after many wrong ones", err, fault.InvalidCode)
	authtest.WantCode(t, "unlock", w.Accounts.Unlock(t.Context(), ada), "")
	_, err = w.Check(t.Context(), id, w.code(secret, 0), false)
	authtest.WantCode(t, "a right code when the account is unlocked", err, "")
}

func TestOwnerIsToldOfTheFirstWrongCodeOfADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret, _ := w.enrolled(ada)
	told := func() string { return w.Text(`SELECT count(*) FROM mails WHERE kind = 'wrong_second_step'`) }
	for range 3 {
		_, err := w.Check(t.Context(), id, w.wrongOf(secret), false)
		authtest.WantCode(t, "miss", err, fault.InvalidCode)
	}
	if told() != "1" {
		t.Errorf("told %s times on one day", told())
	}
	w.Clock.Move(24 * time.Hour)
	_, err := w.Check(t.Context(), id, w.wrongOf(secret), false)
	authtest.WantCode(t, "miss", err, fault.InvalidCode)
	if told() != "2" {
		t.Errorf("told %s times on two days", told())
	}
}

func TestDumpHoldsNoSeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret, recovery := w.enrolled(ada)
	handle, err := w.Challenge(t.Context(), factor.Challenge{Account: id, PasswordVersion: 1})
	authtest.WantCode(t, "challenge", err, "")
	dump := w.Text(`SELECT concat((SELECT json_agg(t) FROM totps t), (SELECT json_agg(r) FROM recovery_codes r), (SELECT json_agg(c) FROM sign_in_challenges c))`)
	for _, part := range []string{secret, hex.EncodeToString(raw(t, secret)), recovery[0], strings.ReplaceAll(recovery[0], "-", ""), hex.EncodeToString([]byte(recovery[0])), handle} {
		if strings.Contains(strings.ToLower(dump), strings.ToLower(part)) {
			t.Errorf("%s stands in %s", part, dump)
		}
	}
	// A secret that was put into another account's row does not open.
	other, _, _ := w.enrolled(grace)
	w.SQL(`UPDATE totps SET secret = (SELECT secret FROM totps WHERE account = $1) WHERE account = $2`, id, other)
	_, err = w.Check(t.Context(), other, w.code(secret, 0), false)
	authtest.WantCode(t, "a secret of another account", err, fault.StoreUnavailable)
}

func TestSecretMovesToTheNewestKeyWhenItIsUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret, recovery := w.enrolled(ada)
	const older, newer = "s1:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=", "s2:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	with := func(text string) {
		ring, err := servicekey.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		o := w.FactorOptions()
		o.Ring, o.Random = ring, rand.Reader
		w.Service = factor.New(o)
	}
	with(newer)
	_, err := w.Check(t.Context(), id, w.code(secret, 0), false)
	authtest.WantCode(t, "without the key", err, fault.StoreUnavailable)
	authtest.WantCode(t, "a recovery code needs no key", w.spend(id, recovery[0]), "")
	with(newer + "," + older)
	authtest.WantCode(t, "with both keys", w.spend(id, w.code(secret, 0)), "")
	with(newer)
	authtest.WantCode(t, "after it was used", w.spend(id, w.code(secret, 1)), "")
}
