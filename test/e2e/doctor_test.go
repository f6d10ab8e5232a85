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

// wantLine asks for one line that says what is wrong and what mends it.
func wantLine(t *testing.T, out, says, mend string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if strings.Contains(line, says) && strings.Contains(line, mend) {
			return
		}
	}
	t.Errorf("no line with %q and %q in:\n%s", says, mend, out)
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
	sealer, err := sealing.NewSealer(certificate, rand.Reader)
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
	wantLine(t, out, "the pod e2e-no-image waits for the image localhost:5000/e2e-none:dev", "make minikube-up")
	wantLine(t, out, `the pod e2e-no-secret cannot start: secret "e2e-none" not found`, "kubectl apply -k sealed-secrets/minikube")

	// The first of the commands does mend it.
	mend := "kubectl -n auth delete secret e2e-by-hand && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"
	wantLine(t, out, "a Secret e2e-by-hand that was made by hand", mend)
	follow(t, []string{mend})
	eventually(t, time.Minute, "the sealed one is opened", func() error {
		if value, err := try(nil, "--namespace", namespace, "get", "secret", "e2e-by-hand", "-o", "jsonpath={.data.password}"); err != nil || value != "eA==" {
			return fmt.Errorf("%s: %w", value, err)
		}
		return nil
	})
}
