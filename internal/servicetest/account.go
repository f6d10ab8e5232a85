package servicetest

import "testing"

// CreateAccount makes an account with auth-api's command, whether registration is open or
// closed. verified vouches for the address.
func CreateAccount(t testing.TB, env Settings, email, password string, verified bool) {
	t.Helper()
	args := []string{"account", "create", email, "--password-stdin"}
	if verified {
		args = append(args, "--verified")
	}
	if out, err := CommandWithInput(t, AuthAPI, env, password, args...); err != nil {
		t.Fatalf("create an account: %v: %s", err, out)
	}
}
