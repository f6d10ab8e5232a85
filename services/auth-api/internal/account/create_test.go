package account_test

import (
	"testing"

	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
)

func TestCreatedAccountSaysWhetherItsAddressIsVerified(t *testing.T) {
	t.Parallel()
	for _, verified := range []bool{false, true} {
		w := authtest.New(t)
		id, err := w.Accounts.Create(t.Context(), ada, first, verified)
		authtest.WantCode(t, "create", err, "")
		opened := w.SignIn(ada, first)
		if p := w.Verify(opened.Token); p == nil || p.Subject != id.String() || p.EmailVerified != verified {
			t.Errorf("verified %v: %+v", verified, p)
		}
		_, err = w.Accounts.Create(t.Context(), "ADA@books.test", second, !verified)
		authtest.WantCode(t, "create again", err, fault.AlreadyExists)
		if p := w.Verify(w.SignIn(ada, first).Token); p == nil || p.EmailVerified != verified {
			t.Errorf("after a second create: %+v", p)
		}
	}
}

func TestVerifyingAnAddressKeepsTheFirstTime(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Unproved(ada, first)
	live := w.SignIn(ada, first).Token
	authtest.WantCode(t, "verify", w.Accounts.VerifyEmail(t.Context(), "ADA@books.test"), "")
	if p := w.Verify(live); p == nil || !p.EmailVerified {
		t.Errorf("the live token: %+v", p)
	}
	const when = "SELECT email_verified_at FROM accounts"
	before := w.Text(when)
	authtest.WantCode(t, "verify again", w.Accounts.VerifyEmail(t.Context(), ada), "")
	if after := w.Text(when); before == "" || after != before {
		t.Errorf("verified at %q, then at %q", before, after)
	}
	authtest.WantCode(t, "verify nobody", w.Accounts.VerifyEmail(t.Context(), "nobody@books.test"), fault.AccountNotFound)
}
