//go:build e2e

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// doctor runs platform doctor, with more in the environment.
func doctor(t *testing.T, env ...string) string {
	t.Helper()
	cmd := exec.Command("go", "run", "./cmd/platform", "doctor", "--env", "minikube")
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
