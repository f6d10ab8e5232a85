//go:build e2e && drill

package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const nextPostgres = "components: [../../components/postgres-18]\n"

// To the next major version of Postgres by the commands of docs/upgrade.md, while people sign in and out.
func TestUpgradeOfPostgresSignsNobodyOut(t *testing.T) {
	next := with(t, "minikube", nextPostgres)
	imageIsThere(t, next, "postgres")
	deploy(t)
	ready(t)
	d := begin(t)
	// Whatever happens, the cluster is left with the plain overlay and writes.
	t.Cleanup(func() { wayBack(t) })
	if out := run(t, "", page(t, "### 1. Take no more changes")); !strings.Contains(out, "\non\n") {
		t.Fatalf("Postgres takes changes:\n%s", out)
	}
	run(t, "", page(t, "### 2. Dump"))
	out := run(t, next, page(t, "### 3. Start 18"))
	if !strings.Contains(out, "restored 18") {
		t.Errorf("nothing was restored:\n%s", out)
	}
	if !strings.HasSuffix(out, "Nothing to do.\n") {
		t.Errorf("18 has another schema:\n%s", out)
	}
	ready(t)
	canSignIn(t, d.people[0])
	d.end(t, "Postgres 17 to 18")
	if version := inAuth(t, "exec", "auth-db-0", "-c", "postgres", "--", "psql", "-U", "postgres", "-tA", "-c", "SHOW server_version"); !strings.HasPrefix(version, "18.") {
		t.Errorf("it is Postgres %s", version)
	}
	t.Run("and back", func(t *testing.T) {
		wayBack(t)
		if version := inAuth(t, "exec", "auth-db-0", "-c", "postgres", "--", "psql", "-U", "postgres", "-tA", "-c", "SHOW server_version"); !strings.HasPrefix(version, "17.") {
			t.Errorf("it is Postgres %s", version)
		}
		canSignIn(t, d.people[0])
		// What happened with 18 is lost, as the page says.
		lost := d.made.list()[len(d.made.list())-1]
		eventually(t, time.Minute, "a sign-in at 18 has ended", func() error {
			status, err := d.get("http://"+node()+":30080/v1/accounts/me", lost)
			if err == nil && status != 401 {
				err = fmt.Errorf("%d", status)
			}
			return err
		})
		// Who was signed in before still is.
		d.made, d.dead = &tokens{}, &tokens{all: d.dead.list()[:accounts*signInsEach/signInsPerDead]}
		d.check(t)
	})
}

func wayBack(t *testing.T) {
	t.Helper()
	if !strings.Contains(inAuth(t, "get", "pod", "auth-db-0", "-o", "jsonpath={.spec.initContainers[*].name}"), "restore") {
		return
	}
	run(t, "kustomize/overlays/minikube", page(t, "### The way back"))
	ready(t)
}

// Where the dump was forgotten, 18 does not begin with an empty database.
func TestUpgradeOfPostgresWithoutADumpDoesNotStart(t *testing.T) {
	next := with(t, "minikube", nextPostgres)
	imageIsThere(t, next, "postgres")
	deploy(t)
	email, token := member(t)
	t.Cleanup(func() {
		apply(t, "kustomize/overlays/minikube")
		// A StatefulSet waits for a pod that does not start, even if the next one would.
		inAuth(t, "delete", "pod", "auth-db-0", "--wait=false")
		ready(t)
		canSignIn(t, email)
	})
	apply(t, next)
	eventually(t, podStarts, "the pod says what is missing", func() error {
		out, err := try(nil, "--namespace", namespace, "logs", "auth-db-0", "-c", "restore")
		if err == nil && !strings.Contains(out, "follow docs/upgrade.md") {
			err = errorOf(out)
		}
		return err
	})
	want(t, 200, "GET", "/v1/accounts/me", token, nil)
	want(t, 503, "POST", "/v1/sessions", "", credentials(email))
}
