package password_test

import (
	"errors"
	"testing"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/password"
)

func TestChangedPasswordIsAnother(t *testing.T) {
	t.Parallel()
	policy := password.NewPolicy("auth.books.test")
	for _, c := range []struct{ name, current, next, reason string }{
		{"another", "violet teapot marches north", "violet teapot marches south", ""},
		{"another case", "violet teapot marches north", "Violet Teapot Marches North", ""},
		{"the same", "violet teapot marches north", "violet teapot marches north", password.ReasonUnchanged},
		{"the same, composed otherwise", "violet teapot march\u00e9 north", "violet teapot marche\u0301 north", password.ReasonUnchanged},
		{"a common one", "violet teapot marches north", "passwordpassword", password.ReasonBlocklisted},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := policy.CheckChange("new_password", c.current, c.next, "ann@example.org")
			var f *fault.Error
			switch {
			case c.reason == "" && err != nil:
				t.Fatalf("refused: %v", err)
			case c.reason != "" && (!errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Reason != c.reason):
				t.Fatalf("got %+v, want the reason %s", err, c.reason)
			}
		})
	}
}
