//go:build e2e

package e2e_test

import (
	"os"
	"strings"
	"testing"
)

func TestPoliciesDenyWhatIsNotNamed(t *testing.T) {
	const script = `sleep 3; for i in 1 2 3; do timeout 2 bash -c 'exec 3<>/dev/tcp/HOST' && echo open && exit; sleep 1; done; echo closed`
	verifier := map[string]string{"auth.books.test/verifier": "true"}
	for _, c := range []struct {
		who, in string
		labels  map[string]string
		host    string
		want    string
	}{
		{"a pod without a name, of auth-db", namespace, nil, "auth-db/5432", "closed"},
		{"a pod of another namespace, of session-db", "default", nil, "session-db.auth.svc.cluster.local/6379", "closed"},
		{"a verifier, of session-db", "default", verifier, "session-db.auth.svc.cluster.local/6379", "open"},
		{"a verifier, of auth-db", "default", verifier, "auth-db.auth.svc.cluster.local/5432", "closed"},
		{"anybody, of auth-api", "default", nil, "auth-api.auth.svc.cluster.local/80", "open"},
		{"anybody, of auth-api's metrics", "default", nil, "AUTH-API-POD/8001", "closed"},
	} {
		t.Run(strings.ReplaceAll(c.who, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if c.want == "closed" && os.Getenv("E2E_POLICIES") == "unenforced" {
				t.Skip("SKIPPED: E2E_POLICIES says that this cluster does not enforce network policies")
			}
			host := strings.ReplaceAll(c.host, "AUTH-API-POD", strings.Fields(inAuth(t, "get", "pod", "-l", "app.kubernetes.io/name=auth-api", "-o", "jsonpath={.items[*].status.podIP}"))[0])
			if out := asPod(t, c.in, c.labels, strings.ReplaceAll(script, "HOST", host)); !strings.Contains(out, c.want) {
				t.Errorf("%s, want %s (does the cluster enforce policies? E2E_POLICIES=unenforced says it does not)", strings.TrimSpace(out), c.want)
			}
		})
	}
}
