package credential_test

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/sealing"
)

func find(t *testing.T, secrets []sealing.Secret, name, key string) string {
	t.Helper()
	for _, s := range secrets {
		if s.Name == name {
			return s.Data[key]
		}
	}
	t.Fatalf("no %s", name)
	return ""
}

func TestFreshValuesAreRandomAndFitEachOther(t *testing.T) {
	t.Parallel()
	one, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	two, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"auth-db-credentials", "password"}, {"auth-db-service", "password"}, {"session-db-credentials", "password"}, {"session-db-verifier", "password"}, {"session-db-token-key", "keys"}, {"auth-api-service-key", "keys"}} {
		a, b := find(t, one, c[0], c[1]), find(t, two, c[0], c[1])
		if a == b || len(a) < 43 {
			t.Errorf("%s: %d characters, the same twice: %v", c[0], len(a), a == b)
		}
	}
	users := find(t, one, "session-db-users", "users.acl")
	if strings.Contains(users, find(t, one, "session-db-credentials", "password")) || !strings.Contains(users, "user default off ") {
		t.Errorf("%s", users)
	}
}

func TestChosenValuesAreTakenAndMisspeltOnesRefused(t *testing.T) {
	t.Parallel()
	got, err := credential.Fresh(credential.Values{"session-db-credentials": {"password": "chosen"}, "auth-db-credentials": {"user": "somebody"}}, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if find(t, got, "session-db-credentials", "password") != "chosen" || find(t, got, "auth-db-credentials", "user") != "somebody" {
		t.Errorf("not taken")
	}
	sum := sha256.Sum256([]byte("chosen"))
	if users := find(t, got, "session-db-users", "users.acl"); !strings.Contains(users, fmt.Sprintf("user auth-api on #%x ", sum)) {
		t.Errorf("Redis would not let auth-api in: %s", users)
	}
	for _, bad := range []credential.Values{{"auth-db-credential": {"password": "x"}}, {"auth-db-credentials": {"passwort": "x"}}, {"auth-db-credentials": {"password": ""}},
		{"auth-db-credentials": {"user": "postgres"}}, {"auth-db-service": {"username": "auth_v1"}}, {"auth-db-credentials": {"user": "auth; drop"}}, {"auth-db-credentials": {"password": "schlüssel"}}} {
		if _, err := credential.Fresh(bad, nil, rand.Reader); err == nil {
			t.Errorf("took %v", bad)
		}
	}
}

func TestOtherSecretsThatAreNeededAreMadeToo(t *testing.T) {
	t.Parallel()
	got, err := credential.Fresh(credential.Values{"mail": {"password": "chosen"}}, map[string][]string{"mail": {"password", "salt"}}, rand.Reader)
	if err != nil || find(t, got, "mail", "password") != "chosen" || len(find(t, got, "mail", "salt")) < 43 {
		t.Errorf("%v", err)
	}
}
