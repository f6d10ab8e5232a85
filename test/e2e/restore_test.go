//go:build e2e

package e2e_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What the component's README says: a copy, a loss, and the copy back.
func TestBackupBringsAnAccountBack(t *testing.T) {
	applyWith(t, "components: [../../components/backup]\n")
	ready(t)
	email, token := member(t)
	for _, job := range []string{"backup-now", "restore"} {
		_, _ = try(nil, "--namespace", namespace, "delete", "job", job, "--ignore-not-found")
		t.Cleanup(func() { _, _ = try(nil, "--namespace", namespace, "delete", "job", job, "--ignore-not-found") })
	}
	inAuth(t, "create", "job", "--from=cronjob/auth-db-backup", "backup-now")
	inAuth(t, "wait", "--for=condition=complete", "job/backup-now", "--timeout=2m")

	want(t, 204, "DELETE", "/v1/accounts/me", token, map[string]string{"password": password})
	want(t, 401, "POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})

	const restore = `kubectl -n auth create job --from=cronjob/auth-db-backup restore --dry-run=client -o yaml \
  | kubectl patch --local -f - --type=json -o yaml \
    -p='[{"op":"replace","path":"/spec/template/spec/containers/0/command/4","value":"pg_restore --clean --if-exists --file=/backup/.sql \"$(ls -1t /backup/auth-*.dump | head -1)\"; psql --quiet --single-transaction --set=ON_ERROR_STOP=1 --dbname=auth --command=\"DROP TABLE IF EXISTS public.events\" --file=/backup/.sql >/dev/null; rm /backup/.sql"}]' \
  | kubectl apply -f -`
	if page, err := os.ReadFile(root + "/kustomize/components/backup/README.md"); err != nil || !strings.Contains(string(page), restore) {
		t.Errorf("the README says another command: %v", err)
	}
	if out, err := exec.Command("bash", "-o", "pipefail", "-c", restore).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	inAuth(t, "wait", "--for=condition=complete", "job/restore", "--timeout=2m")
	canSignIn(t, email)
	// The token of before was ended, and stays so.
	want(t, 401, "GET", "/v1/accounts/me", token, nil)
}
