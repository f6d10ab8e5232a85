package login_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/login"
)

// verified calls then after a password was verified.
type verified struct {
	account.Passwords
	then func()
}

func (v verified) Verify(ctx context.Context, password, phc string) (ok, needsRehash bool, err error) {
	ok, needsRehash, err = v.Passwords.Verify(ctx, password, phc)
	v.then()
	return ok, needsRehash, err
}

func TestAPasswordChangedDuringASignInRefusesIt(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, password)
	o := w.AccountOptions()
	o.Passwords = verified{o.Passwords, func() {
		authtest.WantCode(t, "change", w.Accounts.ChangePassword(t.Context(), id, uuid.Nil, password, wrong), "")
	}}
	_, err := login.New(account.New(o), w.Sessions, w.Devices, w.Limits, w.Refusals, w.Mails, w.Factors, w.Passkeys).Password(t.Context(), login.Attempt{Email: ada, Password: password})
	authtest.WantCode(t, "sign in", err, fault.InvalidCredentials)
	if listed, err := w.Sessions.List(t.Context(), id); err != nil || len(listed) != 0 {
		t.Errorf("listed %+v, %v", listed, err)
	}
}
