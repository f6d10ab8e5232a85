//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"auth.books.test/internal/manifest"
)

// Applied nowhere: the namespace is another one, since what is there of the other
// overlay cannot be changed into this.
const other = "auth-gke-check"

func TestGKEOverlayIsAcceptedByTheAPIServer(t *testing.T) {
	definitions := []string{"-f", "test/e2e/testdata/crds.yaml", "-f", "test/e2e/testdata/components.yaml", "-f", "sealed-secrets/controller/customresourcedefinition.yaml"}
	kubectl(t, append([]string{"apply"}, definitions...)...)
	kubectl(t, "apply", "--server-side", "--force-conflicts", "-f", gatewayAPI(t))
	definitions = append(definitions, "-f", gatewayAPI(t)+"/gateway.networking.k8s.io_gateways.yaml", "-f", gatewayAPI(t)+"/gateway.networking.k8s.io_httproutes.yaml")
	kubectl(t, append([]string{"wait", "--for=condition=Established", "--timeout=60s"}, definitions...)...)
	namespaceYAML := "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + other + "\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n    pod-security.kubernetes.io/warn: restricted\n"
	if out, err := try([]byte(namespaceYAML), "apply", "-f", "-"); err != nil {
		t.Fatal(out)
	}
	t.Cleanup(func() { _, _ = try(nil, "delete", "namespace", other, "--wait=false") })
	overlay := kubectl(t, "kustomize", "kustomize/overlays/gke")
	out := accepted(t, overlay)
	for _, object := range []string{"gateway.gateway.networking.k8s.io/auth", "httproute.gateway.networking.k8s.io/helloworld", "healthcheckpolicy.networking.gke.io/auth-api", "deployment.apps/auth-api", "deployment.apps/helloworld", "horizontalpodautoscaler.autoscaling/auth-api"} {
		if !strings.Contains(out, object) {
			t.Errorf("no %s in:\n%s", object, out)
		}
	}
	admitted(t, other, overlay)

	components, err := filepath.Glob(root + "/kustomize/components/*")
	if err != nil || len(components) == 0 {
		t.Fatal(err)
	}
	for _, c := range components {
		dir := "kustomize/components/gateway" // of Minikube, whose node ports may be taken by what runs here: by itself
		if filepath.Base(c) != "gateway" {
			dir = with(t, "gke", "components: [../../components/"+filepath.Base(c)+"]\n")
		}
		accepted(t, kubectl(t, "kustomize", dir))
	}
}

// gatewayAPI has the definitions that scripts/gateway-api applies.
func gatewayAPI(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile(root + "/scripts/gateway-api")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?m)^GATEWAY_API=(\S+)$`).FindSubmatch(script)
	if named == nil {
		t.Fatal("scripts/gateway-api names no version")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", string(named[1])).Output()
	var module struct{ Dir, Error string }
	if json.Unmarshal(out, &module) != nil || module.Dir == "" {
		t.Fatalf("download %s: %v, %s", named[1], err, module.Error)
	}
	return module.Dir + "/config/crd/standard"
}

// accepted sends an overlay to the API server, strictly and for nothing.
func accepted(t *testing.T, rendered string) (out string) {
	t.Helper()
	rendered = strings.ReplaceAll(rendered, "namespace: auth\n", "namespace: "+other+"\n")
	rendered = strings.Replace(rendered, "\n  name: auth\n---", "\n  name: "+other+"\n---", 1) // the Namespace itself comes first
	eventually(t, time.Minute, "the API server accepts it", func() (err error) {
		if out, err = try([]byte(rendered), "apply", "--dry-run=server", "--validate=strict", "-f", "-"); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	})
	for line := range strings.Lines(out) {
		// GKE's controller reads this annotation alone.
		if strings.HasPrefix(line, "Warning") && !strings.Contains(line, `annotation "kubernetes.io/ingress.class" is deprecated`) {
			t.Errorf("accepted with a warning: %s", line)
		}
	}
	return out
}

// admitted asks for each pod as its workload would: only pods themselves are held
// to what the namespace enforces.
func admitted(t *testing.T, in, rendered string) {
	t.Helper()
	set, err := manifest.Parse([]byte(rendered))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range set.Workloads() {
		pod := corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: "check-" + w.Name, Namespace: in}, Spec: w.Pod.Spec}
		pod.Spec.ServiceAccountName = "" // need not be there
		for _, c := range set.StatefulSets {
			for _, claim := range c.Spec.VolumeClaimTemplates {
				if c.Name == w.Name {
					pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: claim.Name, VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "any"}}})
				}
			}
		}
		create := func() (string, error) {
			b, err := json.Marshal(pod)
			if err != nil {
				t.Fatal(err)
			}
			return try(b, "create", "--dry-run=server", "--validate=strict", "-f", "-")
		}
		if out, err := create(); err != nil {
			t.Errorf("the pod of %s: %s", w.Name, out)
		}
		yes := true
		pod.Spec.Containers[0].SecurityContext.Privileged, pod.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = &yes, &yes
		if out, err := create(); err == nil || !strings.Contains(out, "violates PodSecurity") {
			t.Errorf("a privileged pod of %s: %v, %s", w.Name, err, out)
		}
	}
}
