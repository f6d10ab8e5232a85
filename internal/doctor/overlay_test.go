package doctor_test

import (
	"path/filepath"
	"strings"
	"testing"

	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/doctor"
)

// Not parallel, since kustomize has its schemas in a global variable.
func TestOverlayOnTopOfOursWorksOrIsToldWhyNot(t *testing.T) {
	for name, c := range map[string]struct {
		kustomization string
		says          []string
	}{
		"nothing of its own": {"resources: [../overlays/minikube]\n", nil},
		"on top of gke":      {"resources: [../overlays/gke]\n", nil},
		"more replicas":      {"resources: [../overlays/minikube]\nreplicas: [{name: auth-api, count: 3}]\n", nil},
		"a label more":       {"resources: [../overlays/minikube]\nlabels: [{pairs: {team: b}, includeTemplates: true}]\n", nil},
		"another image":      {"resources: [../overlays/minikube]\nimages: [{name: localhost:5000/auth-api, newName: registry.example.org/auth-api, newTag: v2}]\n", nil},
		"another tag":        {"resources: [../overlays/minikube]\nimages: [{name: localhost:5000/auth-api, newTag: v2}]\n", nil},
		"an image by its short name": {
			"resources: [../overlays/minikube]\nimages: [{name: auth-api, newName: registry.example.org/auth-api}]\n",
			[]string{"no image is called auth-api", "localhost:5000/auth-api:dev"},
		},
		"a tag by its short name": {
			"resources: [../overlays/minikube]\nimages: [{name: auth-api, newTag: v2}]\n",
			[]string{"no image is called auth-api"},
		},
		"another namespace": {
			"namespace: shop\nresources: [../overlays/minikube]\n",
			[]string{"session-db-users", "sealed for auth, they do not open as shop", "new-environment", "claim"},
		},
		"a prefix": {
			"namePrefix: b-\nresources: [../overlays/minikube]\n",
			[]string{"b-auth-db-credentials: sealed for auth/auth-db-credentials", "is used, and no SealedSecret", "AUTH_DB_HOST is auth-db, and there is no such Service", "data-auth-db-0, which no StatefulSet makes"},
		},
		"a field that does not exist": {"resource: [../overlays/minikube]\n", []string{"resource"}},
	} {
		dir := clustertest.Checkout(t)
		mine := filepath.Join(dir, "kustomize", "mine")
		clustertest.Write(t, []byte("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"+c.kustomization), mine, "kustomization.yaml")
		var lines []string
		for _, f := range doctor.Overlay(mine) {
			lines = append(lines, f.Problem+": "+f.Fix)
		}
		said := strings.Join(lines, "\n")
		if (said == "") != (len(c.says) == 0) {
			t.Errorf("%s: %q", name, said)
		}
		for _, says := range c.says {
			if !strings.Contains(said, says) {
				t.Errorf("%s: nothing says %q:\n%s", name, says, said)
			}
		}
	}
}
