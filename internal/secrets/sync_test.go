package secrets_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/secrets"
)

func TestSyncWaitsForSecretsAndHasStoresReadTheirUsers(t *testing.T) {
	type store struct{ name, users, file, directory, command string }
	postgres := store{"auth-db", "auth-db-users", "users.sql", "/docker-entrypoint-initdb.d", "psql --quiet --username=postgres --dbname=auth --set=ON_ERROR_STOP=1 --file=/docker-entrypoint-initdb.d/users.sql"}
	redis := store{"session-db", "session-db-users", "users.acl", "/etc/redis-users", `redis-cli -e --no-auth-warning --user reload --pass "$(cat /etc/redis-users/password)" acl load`}
	stores := []store{postgres, redis}
	set, err := cluster.Render(clustertest.Root, "minikube")
	if err != nil {
		t.Fatal(err)
	}
	done := func(status clustertest.Recorded) clustertest.Recorded {
		answers := clustertest.Reachable(t, "")
		answers[clustertest.AskSealed] = clustertest.SealedIn(t, set, nil)
		for _, s := range stores {
			data := opened(t, clustertest.Root, s.users)
			sum := fmt.Sprintf("%x", sha256.Sum256([]byte(data[s.file])))
			pod, users := s.name+"-0", s.users
			answers["--namespace auth get secret/"+users] = clustertest.SecretJSON(t, "auth", users, data)
			answers["--namespace auth get pod/"+pod] = `{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}`
			answers["--namespace auth annotate pod "+pod+" auth.books.test/users="+sum[:12]+" --overwrite"] = " "
			answers["--namespace auth exec "+pod+" -- sha256sum "+s.directory+"/"+s.file] = sum + "  " + s.file
			answers["--namespace auth exec "+pod+" -- sh -c "+s.command] = " "
		}
		for command, out := range status {
			answers[command] = out
			if out == "" {
				delete(answers, command)
			}
		}
		return answers
	}
	closed := func(message string) string {
		return clustertest.SealedIn(t, set, func(name string, o clustertest.Object) {
			if name == "session-db-verifier" {
				o["status"] = clustertest.Failed(message)
			}
		})
	}
	for name, c := range map[string]struct {
		change clustertest.Recorded
		says   string
	}{
		"well":               {nil, ""},
		"not opened":         {clustertest.Recorded{clustertest.AskSealed: closed("no key could decrypt secret")}, "the controller does not have the key that opens session-db-verifier"},
		"another value":      {clustertest.Recorded{clustertest.AskSealed: closed("field is immutable")}, "session-db-verifier is sealed with another value under the same name"},
		"not processed":      {clustertest.Recorded{clustertest.AskSealed: clustertest.SealedIn(t, set, func(_ string, o clustertest.Object) { delete(o, "status") })}, "did not process auth-api-service-key, auth-api-signing-key, auth-db-credentials"},
		"not applied":        {clustertest.Recorded{clustertest.AskSealed: clustertest.List(t, nil)}, "kubectl apply -k kustomize/overlays/minikube"},
		"another file":       {clustertest.Recorded{"--namespace auth exec session-db-0 -- sha256sum /etc/redis-users/users.acl": "0000"}, "session-db-0 did not get session-db-users in time"},
		"the store fails":    {clustertest.Recorded{"--namespace auth exec session-db-0 -- sh -c " + redis.command: ""}, "session-db-0 cannot read session-db-users"},
		"a pod is not ready": {clustertest.Recorded{"--namespace auth get pod/auth-db-0": "{}"}, "the pod auth-db-0 was not ready in time"},
		"another context":    {clustertest.Recorded{"config current-context": "gke_a"}, "is not for development"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			var out string
			err := secrets.Sync(ctx, done(c.change).Cluster(clustertest.Root, "minikube"), func(line string) { out += line + "\n" })
			if c.says == "" {
				if err != nil || !strings.Contains(out, "session-db has read session-db-users") || !strings.Contains(out, "auth-db has read auth-db-users") {
					t.Errorf("%v: %s", err, out)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q: %s", err, c.says, out)
			}
		})
	}
}
