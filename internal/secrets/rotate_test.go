package secrets_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/secrets"
)

func TestRotateMovesEveryReferenceAndFinishDropsTheOldValue(t *testing.T) {
	dir := clustertest.Checkout(t)
	// A component's references move with the others.
	clustertest.AddComponent(t, dir, "minikube", "backup")
	for _, c := range []struct{ name, key, users, last string }{
		{"auth-db-credentials", "password", "auth-db-users", "auth-db-credentials-v2"},
		{"auth-db-service", "password", "auth-db-users", "auth-db-service-v2"},
		{"session-db-credentials", "password", "session-db-users", "session-db-credentials-v2"},
		{"session-db-verifier", "password", "session-db-users", "session-db-verifier-v2"},
		{"session-db-token-key", "keys", "", "session-db-token-key-v4"},
		{"auth-api-service-key", "keys", "", "auth-api-service-key-v4"},
	} {
		first := opened(t, dir, c.name)[c.key]
		out := mustRotate(t, dir, "minikube", c.name, credential.Begin, "")
		second := opened(t, dir, c.name+"-v2")
		if second[c.key] == first || strings.Contains(out, second[c.key]) || strings.Contains(out, first) {
			t.Errorf("%s: not a new value, or one that is shown:\n%s", c.name, out)
		}
		for _, part := range []string{"kubectl apply -k " + dir + "/sealed-secrets/minikube", "kubectl apply -k " + dir + "/kustomize/overlays/minikube", "rollout status deployment/"} {
			// Only Jobs use the owner's.
			if c.name == "auth-db-credentials" && strings.HasPrefix(part, "rollout") {
				part = "delete job schema"
			}
			if !strings.Contains(out, part) {
				t.Errorf("%s: does not say %q:\n%s", c.name, part, out)
			}
		}
		if c.users != "" && (!strings.Contains(out, `/version)" -ge `+opened(t, dir, c.users)["version"]+" ]") || !strings.Contains(out, "exec "+strings.TrimSuffix(c.users, "-users")+"-0")) {
			t.Errorf("%s: does not say how the store reads its users:\n%s", c.name, out)
		}
		names, set := referTo(t, dir, "minikube")
		if slices.Contains(names, c.name) || !slices.Contains(names, c.name+"-v2") {
			t.Errorf("%s: pods use %v", c.name, names)
		}
		if !slices.ContainsFunc(set.OfKind("SealedSecret"), func(o manifest.Other) bool { return o.Name == c.name }) {
			t.Errorf("%s: the old one is gone before the rotation is finished", c.name)
		}
		if _, err := rotate(t, dir, "minikube", c.name, credential.Begin, ""); err == nil || !strings.Contains(err.Error(), "--finish") {
			t.Errorf("%s: begun twice: %v", c.name, err)
		}
		if c.users == "" {
			mustRotate(t, dir, "minikube", c.name, credential.Use, "")
		}
		out = mustRotate(t, dir, "minikube", c.name, credential.Finish, "")
		if !strings.Contains(out, "delete sealedsecret "+c.name+" ") {
			t.Errorf("%s: does not say that the old one is to be deleted:\n%s", c.name, out)
		}
		names, set = referTo(t, dir, "minikube")
		for _, o := range set.OfKind("SealedSecret") {
			if secrets.BaseOf(o.Name) == c.name && o.Name != c.last {
				t.Errorf("%s is left", o.Name)
			}
		}
		if !slices.Contains(names, c.last) {
			t.Errorf("%s: pods use %v", c.name, names)
		}
		isWell(t, dir, "minikube")
	}
}

// Earlier versions of the platform had one user of Postgres, which owned the tables and served.
func TestRotateMakesTheServicesUserWhereThereIsNone(t *testing.T) {
	dir := clustertest.Checkout(t)
	of, users := opened(t, dir, "auth-db-credentials"), opened(t, dir, "auth-db-users")
	users["users.sql"] = regexp.MustCompile(`(?m)^(ALTER ROLE auth_api_v1|GRANT auth_service) .*\n`).ReplaceAllString(users["users.sql"], "")
	users["users.sql"] = strings.ReplaceAll(users["users.sql"], ", 'auth_api_v1'", "")
	if strings.Contains(users["users.sql"], "auth_api") {
		t.Fatal("the users of before have the service's")
	}
	clustertest.Edit(t, filepath.Join(dir, "sealed-secrets/minikube/kustomization.yaml"), "  - auth-db-service.yaml\n", "")
	clustertest.Remove(t, filepath.Join(dir, "sealed-secrets/minikube/auth-db-service.yaml"))
	if _, err := seal(t, alone(dir, "minikube"), "", false); err == nil || !strings.Contains(err.Error(), "rotate --env minikube --secret auth-db-service") {
		t.Errorf("seal does not say what makes it: %v", err)
	}
	if _, err := rotate(t, dir, "minikube", "auth-db-service", credential.Finish, ""); err == nil {
		t.Error("finished what is not there")
	}
	out := mustRotate(t, dir, "minikube", "auth-db-service", credential.Begin, clustertest.SecretJSON(t, "auth", "auth-db-users", users))
	// The Job gives the role its rights, and auth-api rolls after Postgres knows the user.
	if !strings.Contains(out, "delete job schema") || strings.Contains(out, "--finish") || strings.Index(out, "users.sql") > strings.Index(out, "kustomize/overlays") {
		t.Errorf("the steps are\n%s", out)
	}
	if opened(t, dir, "auth-db-service")["username"] != "auth_api_v1" || opened(t, dir, "auth-db-credentials")["password"] != of["password"] {
		t.Error("not the first user of the service, or the owner has another password")
	}
	isWell(t, dir, "minikube")
}

func TestRotateTakesTheOldValueFromTheClusterWhereItCannotBeOpened(t *testing.T) {
	dir := clustertest.Checkout(t)
	_, err := rotate(t, dir, "gke", "session-db-credentials", credential.Begin, "")
	if err == nil || !strings.Contains(err.Error(), "kubectl -n auth get secret session-db-users -o json | go run ./cmd/platform rotate --env gke --secret session-db-credentials --stdin") {
		t.Errorf("does not say where the old value comes from: %v", err)
	}
	users := opened(t, dir, "session-db-users")
	for name, bad := range map[string]string{
		"another secret":    clustertest.SecretJSON(t, "auth", "session-db-verifier", users),
		"another namespace": clustertest.SecretJSON(t, "shop", "session-db-users", users),
		"no users":          clustertest.SecretJSON(t, "auth", "session-db-users", map[string]string{"users.acl": "hush"}),
		"no JSON":           "hush",
		"another's value":   clustertest.SecretJSON(t, "auth", "session-db-users", users) + `{"auth-db-credentials": {"password": "hush"}}`,
	} {
		if out, err := rotate(t, dir, "gke", "session-db-credentials", credential.Begin, bad); err == nil || strings.Contains(out+err.Error(), "hush") {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
	out := mustRotate(t, dir, "gke", "session-db-credentials", credential.Begin, clustertest.SecretJSON(t, "auth", "session-db-users", users))
	if strings.Contains(out, "#") {
		t.Errorf("shows what the store knows:\n%s", out)
	}
	if names, _ := referTo(t, dir, "gke"); !slices.Contains(names, "session-db-credentials-v2") {
		t.Errorf("pods use %v", names)
	}
}

func TestRotateOfAManagedStoreTakesTheValueThatItIsGiven(t *testing.T) {
	dir := clustertest.Checkout(t)
	clustertest.AddComponent(t, dir, "gke", "memorystore")
	if _, err := rotate(t, dir, "gke", "session-db-credentials", credential.Begin, ""); err == nil || !strings.Contains(err.Error(), "--stdin") {
		t.Errorf("made up a password for a store that chooses it: %v", err)
	}
	out := mustRotate(t, dir, "gke", "session-db-credentials", credential.Begin, `{"session-db-credentials": {"password": "hush-hush"}}`)
	if strings.Contains(out, "hush") || strings.Contains(out, "exec session-db-0") {
		t.Errorf("%s", out)
	}
	out = mustRotate(t, dir, "gke", "session-db-credentials", credential.Finish, "")
	if !strings.Contains(out, "delete sealedsecret session-db-credentials ") {
		t.Errorf("%s", out)
	}
	if _, err := rotate(t, dir, "gke", "session-db-credentials", credential.Finish, ""); err == nil {
		t.Error("finished twice")
	}
}

func TestRotateHasEveryPodOfAStoreReadItsUsers(t *testing.T) {
	dir := clustertest.Checkout(t)
	clustertest.AddComponent(t, dir, "gke", "redis-sentinel")
	out := mustRotate(t, dir, "gke", "session-db-verifier", credential.Begin, clustertest.SecretJSON(t, "auth", "session-db-users", opened(t, dir, "session-db-users")))
	for i := range 3 {
		if !strings.Contains(out, fmt.Sprintf("exec session-db-%d -- ", i)) {
			t.Errorf("pod %d is left out", i)
		}
	}
	if strings.Count(out, "sh /etc/redis/users.sh && redis-cli ") != 3 {
		t.Errorf("the pods lose the users that they have among themselves:\n%s", out)
	}
}

func TestRotateRefusesWhatItCannotDo(t *testing.T) {
	dir := clustertest.Checkout(t)
	for name, c := range map[string]struct {
		secret string
		step   credential.Step
	}{
		"no such secret":       {"auth-db", credential.Begin},
		"a version":            {"auth-db-credentials-v2", credential.Begin},
		"nothing to finish":    {"auth-db-credentials", credential.Finish},
		"no step between":      {"auth-db-credentials", credential.Use},
		"no second key to use": {"session-db-token-key", credential.Use},
	} {
		before := rendered(t, dir, "minikube")
		if out, err := rotate(t, dir, "minikube", c.secret, c.step, ""); err == nil {
			t.Errorf("%s: %s", name, out)
		}
		if rendered(t, dir, "minikube") != before {
			t.Errorf("%s: refused, and the overlay is another", name)
		}
	}
}

func TestRotateTakesTheRingThatItIsGiven(t *testing.T) {
	dir := clustertest.Checkout(t)
	const name = "session-db-token-key"
	old := opened(t, dir, "session-db-token-key")["keys"]
	const added = "k2:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	given := func(ring string) string { return fmt.Sprintf(`{"session-db-token-key": {"keys": %q}}`, ring) }
	for fault, ring := range map[string]string{"no ring": "hush", "without the old key": added, "a short key": old + ",k2:aHVzaA", "empty": "", "the one in use": old} {
		if out, err := rotate(t, dir, "minikube", name, credential.Begin, given(ring)); err == nil || strings.Contains(err.Error()+out, "hush") {
			t.Errorf("%s: %v, %s", fault, err, out)
		}
	}
	mustRotate(t, dir, "minikube", name, credential.Begin, given(added+","+old))
	if got := opened(t, dir, "session-db-token-key-v2")["keys"]; got != old+","+added {
		t.Error("another ring than the one that was given")
	}
	mustRotate(t, dir, "minikube", name, credential.Use, given(added+","+old))
	if got := opened(t, dir, "session-db-token-key-v3")["keys"]; got != added+","+old {
		t.Error("another ring than the one that was given is used")
	}
	mustRotate(t, dir, "minikube", name, credential.Finish, "")
	if got := opened(t, dir, "session-db-token-key-v4")["keys"]; got != added {
		t.Error("another key is left")
	}
}
