package credential_test

import (
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/credential"
	"auth.books.test/verify/token"
)

func rotate(t *testing.T, name string, step credential.Step, old map[string]string) credential.Change {
	t.Helper()
	c, err := credential.Rotate(name, step, 2, old, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func idsOf(t *testing.T, keys string) string {
	t.Helper()
	ring, err := token.ParseKeyRing(keys)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for entry := range strings.SplitSeq(keys, ",") {
		ids = append(ids, entry[:2])
	}
	if ring.KeyIDs()[0] != ids[0] {
		t.Fatalf("%v signs with %s", ids, ring.KeyIDs()[0])
	}
	return strings.Join(ids, ",")
}

func TestKeyIsKnownToEverybodyBeforeItIsUsedAndAfterwards(t *testing.T) {
	t.Parallel()
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, letter := range map[string]string{"session-db-token-key": "k", "auth-api-service-key": "s"} {
		first := map[string]string{"keys": find(t, secrets, name, "keys")}
		ring := first
		for _, c := range []struct {
			step credential.Step
			want string
		}{
			{credential.Begin, "k1,k2"}, {credential.Use, "k2,k1"}, {credential.Finish, "k2"}, {credential.Begin, "k2,k3"}, {credential.Use, "k3,k2"},
		} {
			ring = rotate(t, name, c.step, ring).Value
			if got, want := idsOf(t, ring["keys"]), strings.ReplaceAll(c.want, "k", letter); got != want {
				t.Fatalf("%s: %s, want %s", name, got, want)
			}
			if c.want == "k2,k1" && !strings.HasSuffix(ring["keys"], first["keys"]) {
				t.Errorf("%s: the old key is another one", name)
			}
			if err := credential.Check(name, ring); err != nil {
				t.Errorf("its readers could not use it: %v", err)
			}
		}
	}
}

func TestIdsOfKeysGrow(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"k1": "k2", "k9": "kA", "kZ": "ka", "kz": "l0", "zz": "", "k!": ""} {
		c, err := credential.Rotate("session-db-token-key", credential.Begin, 2, map[string]string{"keys": id + ":secret"}, nil, rand.Reader)
		if (err == nil) != (want != "") {
			t.Errorf("after %s: %v", id, err)
		}
		if err == nil && !strings.Contains(c.Value["keys"], ","+want+":") {
			t.Errorf("after %s comes %s", id, c.Value["keys"][len(id)+8:][:3])
		}
	}
}

func TestStepOutOfItsTurnIsRefused(t *testing.T) {
	t.Parallel()
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old := map[string]map[string]string{}
	for _, s := range secrets {
		old[s.Name] = s.Data
	}
	for _, name := range []string{"auth-db-credentials", "auth-db-service", "session-db-credentials", "session-db-verifier", "session-db-token-key", "auth-api-service-key"} {
		of := credential.Users(name)
		if of == "" {
			of = name
		}
		if _, err := credential.Rotate(name, credential.Finish, 2, old[of], nil, rand.Reader); !errors.Is(err, credential.ErrNotBegun) {
			t.Errorf("%s: finished what was not begun: %v", name, err)
		}
		began := rotate(t, name, credential.Begin, old[of])
		after := began.Users
		if after == nil {
			after = began.Value
		}
		if _, err := credential.Rotate(name, credential.Begin, 3, after, nil, rand.Reader); !errors.Is(err, credential.ErrUnfinished) {
			t.Errorf("%s: begun twice: %v", name, err)
		}
		if credential.IsRing(name) {
			if _, err := credential.Rotate(name, credential.Finish, 3, after, nil, rand.Reader); err == nil {
				t.Error("finished before the new key was used")
			}
			if _, err := credential.Rotate(name, credential.Use, 3, rotate(t, name, credential.Use, after).Value, nil, rand.Reader); err == nil {
				t.Error("used twice")
			}
		} else if _, err := credential.Rotate(name, credential.Use, 3, after, nil, rand.Reader); err == nil {
			t.Errorf("%s: has a step between", name)
		}
	}
	if _, err := credential.Rotate("auth-db", credential.Begin, 2, nil, nil, rand.Reader); err == nil || !strings.Contains(err.Error(), "auth-db-credentials") {
		t.Errorf("rotated a secret that is not there: %v", err)
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if _, err := credential.Rotate(name, credential.Begin, 2, map[string]string{"keys": "", "users.acl": "user x on", "users.sql": "--"}, nil, rand.Reader); err == nil {
			t.Errorf("%s: rotated without the old value", name)
		}
	}
}

func TestUsersAreWrittenAnewWithTheSamePasswords(t *testing.T) {
	t.Parallel()
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]string{"session-db-users": "users.acl", "auth-db-users": "users.sql"} {
		old := map[string]string{key: find(t, secrets, name, key), "version": "7"}
		c := rotate(t, name, credential.Begin, old)
		if c.Value != nil || c.Users[key] != old[key] || c.Users["version"] != "8" {
			t.Errorf("%s: changed: version %s", name, c.Users["version"])
		}
	}
}
