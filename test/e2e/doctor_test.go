//go:build e2e

package e2e_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/sealing"
)

// doctor runs platform doctor, with more in the environment.
func doctor(t *testing.T, env ...string) string {
	t.Helper()
	cmd := exec.Command("go", "run", "-buildvcs=false", "./cmd/platform", "doctor", "--env", "minikube")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	out, _ := cmd.CombinedOutput()
	return string(out)
}

// wantLine asks for one line with the problem and its fix.
func wantLine(t *testing.T, out, says, fix string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if strings.Contains(line, says) && strings.Contains(line, fix) {
			return
		}
	}
	t.Errorf("no line with %q and %q in:\n%s", says, fix, out)
}

func TestDoctorFindsAHealthyClusterWell(t *testing.T) {
	wantLine(t, doctor(t), "Everything looks well.", "")
}

func TestDoctorRefusesAnotherContext(t *testing.T) {
	config := strings.ReplaceAll(kubectl(t, "config", "view", "--raw", "--minify"), "current-context: ", "current-context: production-")
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	wantLine(t, doctor(t, "KUBECONFIG="+file), "is not for development", "kubectl config use-context minikube")
}

func TestDoctorFindsTheControllerGone(t *testing.T) {
	kubectl(t, "--namespace", "sealed-secrets", "scale", "deployment/sealed-secrets", "--replicas=0")
	wantLine(t, doctor(t), "the controller of sealed secrets is not there", "kubectl apply -k sealed-secrets/controller")
	kubectl(t, "--namespace", "sealed-secrets", "scale", "deployment/sealed-secrets", "--replicas=1")
	kubectl(t, "--namespace", "sealed-secrets", "rollout", "status", "deployment/sealed-secrets", "--timeout=1m")
}

func TestDoctorFindsATakenNodePort(t *testing.T) {
	inAuth(t, "delete", "service", "session-db-node-port")
	t.Cleanup(func() {
		_, _ = try(nil, "--namespace", "default", "delete", "service", "squatter")
		apply(t, "kustomize/overlays/minikube")
	})
	const squatter = "apiVersion: v1\nkind: Service\nmetadata: {name: squatter, namespace: default}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 30002}]}\n"
	if out, err := try([]byte(squatter), "apply", "-f", "-"); err != nil {
		t.Fatal(out)
	}
	wantLine(t, doctor(t), "node port 30002 is taken by the Service squatter in default", "kubectl -n default delete service squatter")
}

// What goes wrong with secrets and images, all at once: each is named in its line.
func TestDoctorNamesWhatPodsAndTheControllerWaitFor(t *testing.T) {
	certificate, err := os.ReadFile(root + "/sealed-secrets/minikube/certificate.pem")
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := sealing.NewSealer(certificate, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	seal := func(name string) []byte {
		sealed, err := sealer.Seal(sealing.Secret{Namespace: namespace, Name: name, Data: map[string]string{"password": "x"}})
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	const pod = `{apiVersion: v1, kind: Pod, metadata: {name: NAME, namespace: auth}, spec: {restartPolicy: Never, containers: [{name: c, image: "IMAGE", command: [sleep, "600"],
		env: [{name: X, valueFrom: {secretKeyRef: {name: SECRET, key: password}}}]}]}}`
	for _, object := range []struct {
		name string
		yaml []byte
	}{
		{"secret/e2e-by-hand", []byte("{apiVersion: v1, kind: Secret, metadata: {name: e2e-by-hand, namespace: auth}, stringData: {password: another}}")},
		{"sealedsecret/e2e-by-hand", seal("e2e-by-hand")},
		{"sealedsecret/e2e-another-name", bytes.ReplaceAll(seal("e2e-one-name"), []byte("e2e-one-name"), []byte("e2e-another-name"))},
		{"pod/e2e-no-image", []byte(strings.NewReplacer("NAME", "e2e-no-image", "IMAGE", "localhost:5000/e2e-none:dev", "SECRET", "auth-db-credentials").Replace(pod))},
		{"pod/e2e-no-secret", []byte(strings.NewReplacer("NAME", "e2e-no-secret", "IMAGE", "busybox:1.36", "SECRET", "e2e-none").Replace(pod))},
	} {
		if out, err := try(object.yaml, "apply", "-f", "-"); err != nil {
			t.Fatal(out)
		}
		t.Cleanup(func() {
			_, _ = try(nil, "--namespace", namespace, "delete", object.name, "--ignore-not-found", "--now")
		})
	}
	var out string
	eventually(t, time.Minute, "the doctor says all", func() error {
		out = doctor(t)
		for _, says := range []string{"e2e-by-hand", "e2e-another-name", "e2e-no-image", "e2e-no-secret"} {
			if !strings.Contains(out, says) {
				return errors.New(out)
			}
		}
		return nil
	})
	wantLine(t, out, "the key that opens e2e-another-name, or it was sealed for another namespace or name", "rollout restart deployment/sealed-secrets")
	wantLine(t, out, "the pod e2e-no-image: it waits for the image localhost:5000/e2e-none:dev", "make minikube-up")
	wantLine(t, out, `the pod e2e-no-secret: it cannot start: secret "e2e-none" not found`, "kubectl apply -k sealed-secrets/minikube")

	// The first of the commands does fix it.
	fix := "kubectl -n auth delete secret e2e-by-hand && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"
	wantLine(t, out, "a Secret e2e-by-hand that was made by hand", fix)
	follow(t, []string{fix})
	eventually(t, time.Minute, "the sealed one is opened", func() error {
		if value, err := try(nil, "--namespace", namespace, "get", "secret", "e2e-by-hand", "-o", "jsonpath={.data.password}"); err != nil || value != "eA==" {
			return fmt.Errorf("%s: %w", value, err)
		}
		return nil
	})
}

// theOnlyLine waits until the doctor has nothing to say but this: one cause, told once.
func theOnlyLine(t *testing.T, says, fix string) {
	t.Helper()
	eventually(t, 2*time.Minute, "the doctor says only "+says, func() error {
		out := doctor(t)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		// The last two are those of the program and of go run.
		if len(lines) != 3 || !strings.Contains(lines[0], says) || !strings.Contains(lines[0], fix) || lines[1] != "not well" {
			return errors.New(out)
		}
		return nil
	})
}

func TestDoctorFindsAPasswordThatTheDatabaseDoesNotKnow(t *testing.T) {
	t.Cleanup(func() { platform(t, "sync"); ready(t) })
	inAuth(t, "exec", "auth-db-0", "-c", "postgres", "--", "psql", "-q", "--username=postgres", "--dbname=auth", "-c", "ALTER ROLE auth_api_v1 PASSWORD 'wrong'")
	inAuth(t, "rollout", "restart", "deployment/auth-api")
	theOnlyLine(t, "it runs and is not ready: auth-db refuses its user or password", "go run ./cmd/platform sync --env minikube")
	platform(t, "sync")
	ready(t)
	wantLine(t, doctor(t), "Everything looks well.", "")
}

func TestDoctorFindsAPasswordThatRedisDoesNotKnow(t *testing.T) {
	t.Cleanup(func() {
		backToGit(t)
		kubectl(t, "--namespace", namespace, "rollout", "restart", "deployment/auth-api", "deployment/helloworld")
		ready(t)
	})
	inAuth(t, "patch", "secret", "session-db-users", "--type=merge", "-p", fmt.Sprintf(`{"stringData": {"users.acl": %q}}`, "user default off ~* &* +@all\nuser probe on nopass resetkeys resetchannels -@all +ping +acl|load\n"))
	theOnlyLine(t, "the Secret session-db-users is not what git has sealed: the value of users.acl differs", "kubectl -n auth delete secret session-db-users && go run ./cmd/platform sync --env minikube")
	inAuth(t, "delete", "pod", "session-db-0", "--wait")
	inAuth(t, "rollout", "status", "statefulset/session-db", "--timeout=2m")
	eventually(t, time.Minute, "the doctor says who is refused", func() error {
		out := doctor(t)
		if !strings.Contains(out, "session-db refuses its user or password") {
			return errors.New(out)
		}
		return nil
	})
	follow(t, []string{"cd ../.. && kubectl -n auth delete secret session-db-users && go run ./cmd/platform sync --env minikube"})
	ready(t)
	wantLine(t, doctor(t), "Everything looks well.", "")
}

func TestDoctorFindsARolloutThatDoesNotEnd(t *testing.T) {
	t.Cleanup(func() {
		apply(t, "kustomize/overlays/minikube")
		inAuth(t, "scale", "deployment/helloworld", "--replicas=1")
		ready(t)
	})
	inAuth(t, "scale", "deployment/helloworld", "--replicas=0")
	theOnlyLine(t, "deployment/helloworld is scaled to no pods", "scale deployment/helloworld --replicas=1")
	inAuth(t, "scale", "deployment/helloworld", "--replicas=1")
	ready(t)
	// No pod may be made: whom the pods run as is not there.
	inAuth(t, "patch", "deployment", "helloworld", "--type=json", `-p=[{"op": "replace", "path": "/spec/template/spec/serviceAccountName", "value": "nobody"}]`)
	theOnlyLine(t, "the rollout of deployment/helloworld is stuck: ", "kubectl -n auth describe deployment/helloworld")
	inAuth(t, "rollout", "undo", "deployment/helloworld")
	ready(t)
	inAuth(t, "rollout", "pause", "deployment/helloworld")
	theOnlyLine(t, "the rollout of deployment/helloworld is paused", "kubectl -n auth rollout resume deployment/helloworld")
	inAuth(t, "rollout", "resume", "deployment/helloworld")
}

func TestDoctorFindsAClassThatServesNoIngress(t *testing.T) {
	switch out := strings.TrimSpace(kubectl(t, "get", "ingressclasses", "-o", "name")); out {
	case "":
	case "ingressclass.networking.k8s.io/traefik":
		kubectl(t, "delete", out)
		t.Cleanup(func() { kubectl(t, "apply", "-f", traefik+"/ingressclass.yaml") })
	default:
		t.Skipf("SKIPPED: this cluster has a class that is not to be touched: %s", out)
	}
	class := func(name string) {
		yaml := "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: " + name + ", annotations: {ingressclass.kubernetes.io/is-default-class: \"true\"}}\nspec: {controller: e2e.books.test/none}\n"
		if out, err := try([]byte(yaml), "apply", "-f", "-"); err != nil {
			t.Fatal(out)
		}
		t.Cleanup(func() { _, _ = try(nil, "delete", "ingressclass", name, "--ignore-not-found") })
	}
	class("e2e-other")
	theOnlyLine(t, "the Ingress of auth-api, helloworld names the class traefik, and the cluster has e2e-other", "kubectl apply -k "+traefik)
	class("traefik")
	wantLine(t, doctor(t), "Everything looks well.", "")
}

// Another value under the same name: it is not applied, and whoever deploys is told.
func TestSecretsThatAreNotAppliedFailTheDeploy(t *testing.T) {
	dir := copyOfSecrets(t)
	seal := exec.Command("go", "run", "-buildvcs=false", "./cmd/platform", "seal", "--env", "minikube", "--replace", "--dir", dir)
	seal.Dir = root
	if out, err := seal.CombinedOutput(); err == nil || !strings.Contains(string(out), "its stores know these values") {
		t.Errorf("sealed new values for a cluster that uses others: %v, %s", err, out)
	}
	seal = exec.Command("go", "run", "-buildvcs=false", "./cmd/platform", "seal", "--env", "minikube", "--replace", "--dir", dir)
	seal.Dir, seal.Env = root, append(os.Environ(), "KUBECONFIG=/dev/null")
	if out, err := seal.CombinedOutput(); err != nil || !strings.Contains(string(out), "NEW VALUES") {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { backToGit(t) })
	kubectl(t, "apply", "-k", filepath.Join(dir, "sealed-secrets/minikube"))
	out, err := tryPlatform("sync", "--dir", dir)
	if err == nil || !strings.Contains(out, "is sealed with another value under the same name") {
		t.Errorf("%v: %s", err, out)
	}
	backToGit(t)
	wantLine(t, doctor(t), "Everything looks well.", "")
}

func TestDeployMendsStoresOfAnotherBranch(t *testing.T) {
	dir := copyOfSecrets(t)
	t.Cleanup(func() { backToGit(t) })
	// A whole rotation on a branch that is not this one.
	for _, step := range [][]string{nil, {"--finish"}} {
		follow(t, rotate(t, dir, "session-db-credentials", step...))
	}
	wantLine(t, doctor(t), "the cluster has session-db-credentials-v2, and git does not", "kubectl -n auth delete sealedsecret session-db-credentials-v2")
	deploy(t)
	follow(t, []string{"kubectl -n auth delete sealedsecret session-db-credentials-v2"})
	ready(t)
	wantLine(t, doctor(t), "Everything looks well.", "")
}
