package credential_test

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"auth.books.test/internal/credential"
)

// freshValues are fresh values of all secrets, by name and key.
func freshValues(t *testing.T) credential.Values {
	t.Helper()
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	values := credential.Values{}
	for _, s := range secrets {
		values[s.Name] = s.Data
	}
	return values
}

func TestFreshValuesPassTheirOwnChecks(t *testing.T) {
	t.Parallel()
	values := freshValues(t)
	for name, data := range values {
		if err := credential.Check(name, data); err != nil {
			t.Error(err)
		}
	}
	if found := credential.Fit(values); len(found) > 0 {
		t.Error(found)
	}
}

func TestValuesThatTheirReadersCannotUseAreRefused(t *testing.T) {
	t.Parallel()
	const short = "MDEyMzQ1Njc4OQ"
	for _, c := range []struct{ name, key, value, says string }{
		{"session-db-token-key", "keys", "hush", "id:secret"},
		{"session-db-token-key", "keys", "k1:" + short, "at least 32"},
		{"session-db-token-key", "keys", "k1:hush!", "not base64"},
		{"session-db-token-key", "keys", "", "empty"},
		{"auth-api-service-key", "keys", "hush", "id:secret"},
		{"auth-api-service-key", "keys", "s1:" + short, "at least 32"},
		{"auth-api-service-key", "keys", "s1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=:keyed", "leave it out"},
		{"session-db-token-key", "other", "hush", "no key keys"},
		{"session-db-credentials", "password", "hush hush", "character 5"},
		{"session-db-credentials", "password", "hush\n", "character 5"},
		{"session-db-verifier", "password", "häsh", "character 2"},
		{"auth-db-credentials", "password", "hush\x00", "character 5"},
		{"auth-db-credentials", "user", "Auth", "small letters"},
		{"auth-db-credentials", "user", "postgres", "small letters"},
		{"auth-db-service", "username", "auth_service", "small letters"},
		{"auth-db-service", "password", "hush hush", "character 5"},
		{"auth-db-users", "users.sql", "SELECT 'hush'", "names no user"},
		{"auth-db-users", "version", "one", "number"},
		{"session-db-users", "users.acl", "user default on nopass", "does not name the users"},
		{"session-db-users", "password", `hu"sh`, "quotes"},
		{"mail", "token", " hush", "begins or ends"},
	} {
		data := maps.Clone(freshValues(t)[c.name])
		if data == nil || c.key == "other" {
			data = map[string]string{}
		}
		data[c.key] = c.value
		if err := credential.Check(c.name, data); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s of %s %q: %v, want one that says %q and not the value", c.key, c.name, c.value, err, c.says)
		}
	}
}

func TestPasswordsThatTheStoresRefuseAreFound(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{"session-db-credentials": "session-db-users", "session-db-verifier": "session-db-users", "auth-db-credentials": "auth-db-users", "auth-db-service": "auth-db-users"} {
		values := freshValues(t)
		values[name]["password"] = "hush-hush"
		found := credential.Fit(values)
		if len(found) != 1 || !strings.Contains(found[0].Error(), name) || !strings.Contains(found[0].Error(), says) || strings.Contains(found[0].Error(), "hush") {
			t.Errorf("%s: %v", name, found)
		}
	}
	// Given users that do not accept the given passwords.
	users := freshValues(t)["session-db-users"]
	if _, err := credential.Fresh(credential.Values{"session-db-users": users}, nil, rand.Reader); err == nil {
		t.Error("took users that do not know the passwords")
	}
}

// ring makes a key ring with these ids, each with its own secret.
func ring(ids ...string) string {
	var entries []string
	for _, id := range ids {
		entries = append(entries, id+":"+base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat(id, 16))))
	}
	return strings.Join(entries, ",")
}

func TestGivenRingIsUsedOrRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step             credential.Step
		old, given, want string
		says             string
	}{
		"a key behind the old one":    {credential.Begin, ring("k1"), ring("k1", "k2"), ring("k1", "k2"), ""},
		"a key before it is not used": {credential.Begin, ring("k1"), ring("k2", "k1"), ring("k1", "k2"), ""},
		"the old key is dropped":      {credential.Begin, ring("k1"), ring("k2"), "", "has not the key k1"},
		"the old key is another":      {credential.Begin, ring("k1"), "k1:" + ring("xx")[3:] + "," + ring("k2"), "", "has not the key k1"},
		"nothing is added":            {credential.Begin, ring("k1"), ring("k1"), "", "adds 0 keys"},
		"two are added":               {credential.Begin, ring("k1"), ring("k1", "k2", "k3"), "", "adds 2 keys"},
		"an id of before":             {credential.Begin, ring("k1"), ring("k1", "a1"), "", "an id after k1"},
		"no ring":                     {credential.Begin, ring("k1"), "k2", "", "id:secret"},
		"a short key":                 {credential.Begin, ring("k1"), ring("k1") + ",k2:c2hvcnQ", "", "at least 32"},
		"one is begun already":        {credential.Begin, ring("k1", "k2"), ring("k1", "k2", "k3"), "", "under way"},
		"the new key first":           {credential.Use, ring("k1", "k2"), ring("k2", "k1"), ring("k2", "k1"), ""},
		"the old key first":           {credential.Use, ring("k1", "k2"), ring("k1", "k2"), "", "still begins"},
		"one that nobody knows first": {credential.Use, ring("k1", "k2"), ring("k3", "k2", "k1"), "", "has another"},
		"at the end":                  {credential.Finish, ring("k2", "k1"), ring("k2"), "", "first step"},
	} {
		got, err := credential.Rotate("session-db-token-key", c.step, 2, map[string]string{"keys": c.old}, map[string]string{"keys": c.given}, rand.Reader)
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if c.says == "" && (err != nil || got.Value["keys"] != c.want) {
			t.Errorf("%s: %v, %v", name, got.Value["keys"] == c.want, err)
		}
	}
}

func TestUnusedGivenValueIsRefused(t *testing.T) {
	t.Parallel()
	users := freshValues(t)["session-db-users"]
	for name, c := range map[string]struct {
		secret string
		step   credential.Step
		given  map[string]string
	}{
		"a misspelt key":   {"session-db-credentials", credential.Begin, map[string]string{"passwort": "hush"}},
		"an empty value":   {"session-db-credentials", credential.Begin, map[string]string{"password": ""}},
		"a bad password":   {"session-db-credentials", credential.Begin, map[string]string{"password": "hush hush"}},
		"at the last step": {"session-db-credentials", credential.Finish, map[string]string{"password": "hush"}},
		"of users":         {"session-db-users", credential.Begin, map[string]string{"users.acl": "hush"}},
	} {
		if _, err := credential.Rotate(c.secret, c.step, 2, users, c.given, rand.Reader); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
	values := freshValues(t)
	if _, err := credential.Rotate("session-db-credentials", credential.Begin, 2, values["session-db-users"], values["session-db-credentials"], rand.Reader); err == nil || !strings.Contains(err.Error(), "in use already") {
		t.Errorf("rotated to the same password: %v", err)
	}
}

// APIs that verify tokens must not have a key of the service ring.
func TestServiceKeyThatVerifiersKnowIsRefused(t *testing.T) {
	t.Parallel()
	const secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	given := credential.Values{"session-db-token-key": {"keys": "k1:" + secret + ":keyed"}, "auth-api-service-key": {"keys": "s1:" + strings.TrimRight(secret, "=")}}
	if _, err := credential.Fresh(given, nil, rand.Reader); err == nil || !strings.Contains(err.Error(), "auth-api-service-key holds a secret of session-db-token-key") || strings.Contains(err.Error(), secret[:8]) {
		t.Errorf("%v", err)
	}
}
