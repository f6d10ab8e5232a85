package factor_test

import (
	"testing"
	"time"

	"github.com/pquerna/otp"

	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/fault"
)

// RFC 6238, appendix B, for SHA-1. Its codes have eight digits; six are the last of them.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		step, ok, err := factor.Match(secret, code, time.Unix(at, 0))
		if err != nil || !ok || step != at/30 {
			t.Errorf("%s at %d: step %d, %v, %v", code, at, step, ok, err)
		}
		if at < 60 {
			continue // There is no time before the first step.
		}
		for steps, want := range map[int64]bool{-2: false, -1: true, 1: true, 2: false} {
			if _, ok, err := factor.Match(secret, code, time.Unix(at+30*steps, 0)); ok != want || err != nil {
				t.Errorf("%s, %d steps later: %v, %v", code, steps, ok, err)
			}
		}
		for _, wrong := range []string{"", "x" + code[1:], code[:5], code + "0", "00" + code} {
			if _, ok, err := factor.Match(secret, wrong, time.Unix(at, 0)); ok || err != nil {
				t.Errorf("%q at %d is right, %v", wrong, at, err)
			}
		}
	}
}

func TestEnrolsWhatAppsKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e, err := w.Begin(t.Context(), w.Register(ada, password), ada)
	authtest.WantCode(t, "begin", err, "")
	key, err := otp.NewKeyFromURL(e.URI)
	if err != nil {
		t.Fatal(err)
	}
	if key.Type() != "totp" || key.Algorithm() != otp.AlgorithmSHA1 || key.Digits() != otp.DigitsSix || key.Period() != 30 || key.Secret() != e.Secret || len(raw(t, e.Secret)) != 20 {
		t.Errorf("the app reads %s", e.URI)
	}
}

func TestLabelReadsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.FactorOptions()
	o.Name = "Books: A & B + C"
	s := factor.New(o)
	const email = "ada+books@books.test"
	e, err := s.Begin(t.Context(), w.Register(email, password), email)
	authtest.WantCode(t, "begin", err, "")
	key, err := otp.NewKeyFromURL(e.URI)
	if err != nil {
		t.Fatal(err)
	}
	if key.Issuer() != "Books  A & B + C" || key.AccountName() != email {
		t.Errorf("%s reads as %q of %q", e.URI, key.AccountName(), key.Issuer())
	}
}

func TestAbandonedEnrolmentChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Register(ada, password)
	first := w.begin(id, ada)
	w.SignIn(ada, password)
	second := w.begin(id, ada)
	_, err := w.Confirm(t.Context(), id, [16]byte{}, w.code(first, 0))
	authtest.WantCode(t, "a code of the first secret", err, fault.InvalidCode)
	w.SignIn(ada, password)
	w.Clock.Move(time.Hour)
	_, err = w.Confirm(t.Context(), id, [16]byte{}, w.code(second, 0))
	authtest.WantCode(t, "after an hour", err, fault.FactorNotFound)
	w.Clock.Move(time.Second)
	if n, err := w.SweepOnce(t.Context()); err != nil || n != 1 {
		t.Errorf("swept %d, %v", n, err)
	}
	_, secret, _ := w.enrolled(grace)
	who := w.Text(`SELECT account FROM totps`)
	_, err = w.Begin(t.Context(), [16]byte(raw16(t, who)), grace)
	authtest.WantCode(t, "begin where one is on", err, fault.AlreadyExists)
	w.Clock.Move(2 * time.Hour)
	if n, err := w.SweepOnce(t.Context()); err != nil || n != 0 {
		t.Errorf("swept %d, %v", n, err)
	}
	_, err = w.Check(t.Context(), raw16(t, who), w.code(secret, 0), false)
	authtest.WantCode(t, "the app of before", err, "")
}
