package manifest_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"auth.books.test/internal/manifest"
)

const liveUpdate = "live-update"

// The overlay that Tilt applies keeps every rule of Minikube's, including the read-only root
// file system.
func TestTiltKeepsTheRulesOfMinikube(t *testing.T) {
	s := parse(t, render(t, "tilt"))
	for _, r := range rules() {
		if !r.isFor("minikube") {
			continue
		}
		for _, found := range r.check(s) {
			t.Errorf("%s: %s", r.name, found)
		}
	}
}

// withoutLive removes from the overlay tilt exactly what live update needs, and puts the
// values of Minikube's overlay in its place.
func withoutLive(tilt, minikube *manifest.Set) {
	for i, d := range tilt.Deployments {
		pod := &d.Spec.Template.Spec
		pod.Volumes = slices.DeleteFunc(pod.Volumes, func(v corev1.Volume) bool {
			return reflect.DeepEqual(v, corev1.Volume{Name: "live", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
		})
		c := &pod.Containers[0]
		c.VolumeMounts = slices.DeleteFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
			return reflect.DeepEqual(m, corev1.VolumeMount{Name: "live", MountPath: "/live"})
		})
		if len(pod.Volumes) == 0 && len(c.VolumeMounts) == 0 {
			pod.Volumes, c.VolumeMounts = nil, nil
		}
		if limit := c.Resources.Limits[corev1.ResourceEphemeralStorage]; limit.Equal(resource.MustParse("256Mi")) {
			c.Resources.Limits[corev1.ResourceEphemeralStorage] = minikube.Deployments[i].Spec.Template.Spec.Containers[0].Resources.Limits[corev1.ResourceEphemeralStorage]
		}
	}
	for _, j := range tilt.Jobs {
		if c := &j.Spec.Template.Spec.Containers[0]; c.Image == "localhost:5000/schema:dev" {
			c.Image = "localhost:5000/auth-api:dev"
		}
	}
}

func TestTiltDiffersFromMinikubeByLiveUpdateAlone(t *testing.T) {
	rendered := render(t, "tilt")
	minikube := parse(t, render(t, "minikube"))
	if reflect.DeepEqual(parse(t, rendered), minikube) {
		t.Fatal("the overlays are the same: this compares nothing")
	}
	differs := func(rendered string) bool {
		tilt := parse(t, rendered)
		withoutLive(tilt, minikube)
		return !reflect.DeepEqual(tilt, minikube)
	}
	if differs(rendered) {
		t.Error("overlays/tilt is more than overlays/minikube with live update; see testdata/tilt.diff after -update")
	}
	// Each of these is a difference that must be found.
	for old, other := range map[string]string{
		"readOnlyRootFilesystem: true":     "readOnlyRootFilesystem: false",
		"mountPath: /live":                 "mountPath: /app",
		"emptyDir: {}\n        name: live": "emptyDir:\n          medium: Memory\n        name: live",
		"runAsUser: 65532":                 "runAsUser: 0",
		"nodePort: 30001":                  "nodePort: 30003",
		"ephemeral-storage: 256Mi":         "ephemeral-storage: 1Gi",
		"image: localhost:5000/schema":     "image: localhost:5000/elsewhere",
		"type: NodePort":                   "type: LoadBalancer",
		"storageClassName: auth-host":      "storageClassName: standard",
	} {
		if !strings.Contains(rendered, old) {
			t.Errorf("there is no %q to change", old)
		} else if !differs(strings.Replace(rendered, old, other, 1)) {
			t.Errorf("%q instead of %q was not noticed", other, old)
		}
	}
}

// Tools for development are not in what is applied by hand or to GKE.
func TestOnlyTiltHasLiveUpdate(t *testing.T) {
	t.Parallel()
	var users []string
	err := filepath.WalkDir(filepath.Join(root, "kustomize"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.Name() != "kustomization.yaml" {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), liveUpdate) {
			users = append(users, filepath.Base(filepath.Dir(path)))
		}
		return err
	})
	if err != nil || !slices.Equal(users, []string{"tilt"}) {
		t.Errorf("used by %v, %v", users, err)
	}
}

// The golden file shows reviewers the difference.
func TestTiltDifferenceAsReviewed(t *testing.T) {
	asReviewed(t, "tilt.diff")
}
