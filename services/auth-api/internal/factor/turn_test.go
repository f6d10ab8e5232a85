package factor_test

import (
	"testing"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/fault"
)

func TestTurningAFactorOnOrOffEndsOtherSignInsAndTellsTheOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Register(ada, password)
	acting, other := w.SignIn(ada, password), w.SignIn(ada, password)
	secret := w.begin(id, ada)
	_, err := w.Confirm(t.Context(), id, acting.ID, w.wrongOf(secret))
	authtest.WantCode(t, "a wrong code", err, fault.InvalidCode)
	if w.Verify(other.Token) == nil {
		t.Error("a wrong code has ended a sign-in")
	}
	_, err = w.Confirm(t.Context(), id, acting.ID, w.code(secret, 0))
	authtest.WantCode(t, "confirm", err, "")
	if w.Verify(acting.Token) == nil || w.Verify(other.Token) != nil {
		t.Error("turning it on has not ended just the other sign-in")
	}
	_, err = w.Confirm(t.Context(), id, acting.ID, w.code(secret, 1))
	authtest.WantCode(t, "confirm again", err, fault.AlreadyExists)
	c := w.challenge(id)
	authtest.WantCode(t, "remove", w.Remove(t.Context(), id, acting.ID), "")
	if w.Verify(acting.Token) == nil {
		t.Error("turning it off has ended the acting session")
	}
	if n := w.Text(`SELECT (SELECT count(*) FROM totps) + (SELECT count(*) FROM recovery_codes) + (SELECT count(*) FROM sign_in_challenges)`); n != "0" {
		t.Errorf("%s rows are left", n)
	}
	_ = c
	authtest.WantCode(t, "remove again", w.Remove(t.Context(), id, acting.ID), fault.FactorNotFound)
	_, err = w.NewRecoveryCodes(t.Context(), id)
	authtest.WantCode(t, "recovery codes without a factor", err, fault.FactorNotFound)
	w.SignIn(ada, password) // with the password alone
	if kinds := w.Text(`SELECT string_agg(kind, ' ' ORDER BY created_at, id) FROM mails WHERE kind LIKE 'factor%'`); kinds != "factor_added factor_removed" {
		t.Errorf("the owner was told %q", kinds)
	}
	if verbs := w.Text(`SELECT string_agg(verb, ' ' ORDER BY at, id) FROM events WHERE verb LIKE 'factor%'`); verbs != "factor.add factor.remove" {
		t.Errorf("recorded %q", verbs)
	}
}

func TestOperatorRemovesAFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrolled(ada)
	authtest.WantCode(t, "nobody", w.RemoveByOperator(t.Context(), "nobody@books.test"), fault.AccountNotFound)
	authtest.WantCode(t, "remove", w.RemoveByOperator(t.Context(), "ADA@books.test"), "")
	if kinds := w.Text(`SELECT string_agg(kind, ' ' ORDER BY created_at, id) FROM mails WHERE kind LIKE 'factor%'`); kinds != "factor_added factor_removed" {
		t.Errorf("the owner was told %q", kinds)
	}
	w.SignIn(ada, password)
	w.Register(grace, password)
	authtest.WantCode(t, "of somebody without one", w.RemoveByOperator(t.Context(), grace), fault.FactorNotFound)
}

func TestDeletedAccountLeavesNoFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _, _ := w.enrolled(ada)
	w.challenge(id)
	authtest.WantCode(t, "delete", w.Accounts.Delete(t.Context(), id, password), "")
	if n := w.Text(`SELECT (SELECT count(*) FROM totps) + (SELECT count(*) FROM recovery_codes) + (SELECT count(*) FROM sign_in_challenges)`); n != "0" {
		t.Errorf("%s rows are left", n)
	}
	if f, err := w.Of(t.Context(), uuid.New()); err != nil || f != (factor.Factors{}) {
		t.Errorf("of nobody: %+v, %v", f, err)
	}
}
