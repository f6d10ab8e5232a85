package manifest_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// The servers share a volume, so each has a folder of its own there, and what is older stays.
func TestNextPostgresKeepsTheDataOfTheOneBefore(t *testing.T) {
	for _, overlay := range overlays() {
		before, after := authDB(t, overlay, "backup"), authDB(t, overlay, "postgres-18", change{
			"overlays/" + overlay + "/kustomization.yaml", "  - ../../components/postgres-18\n", "  - ../../components/backup\n  - ../../components/postgres-18\n",
		})
		was, is := dataDirectory(t, before.Containers[0]), dataDirectory(t, after.Containers[0])
		if was == is || !strings.HasPrefix(is, "/var/lib/postgresql/") {
			t.Errorf("%s: 17 has its data in %s, and 18 in %s", overlay, was, is)
		}
		i := slices.IndexFunc(after.InitContainers, func(c corev1.Container) bool { return c.Name == "restore" })
		if i < 0 || after.InitContainers[i].Image != after.Containers[0].Image || !strings.HasPrefix(after.Containers[0].Image, "postgres:18.") {
			t.Errorf("%s: the restore does not run with the image of the server: %+v", overlay, after.InitContainers)
		}
	}
}

// authDB is the pod of Postgres in an overlay with a component. No image is of another version.
func authDB(t *testing.T, overlay, component string, changes ...change) corev1.PodSpec {
	t.Helper()
	s := parse(t, renderWith(t, overlay, component, changes...))
	var images []string
	for _, image := range imagesIn(s) {
		if strings.HasPrefix(image, "postgres:") {
			images = append(images, image)
		}
	}
	if len(slices.Compact(images)) != 1 {
		t.Errorf("%s with %s runs %q", overlay, component, images)
	}
	for _, set := range s.StatefulSets {
		if set.Name == "auth-db" {
			return set.Spec.Template.Spec
		}
	}
	t.Fatalf("%s has no auth-db", overlay)
	return corev1.PodSpec{}
}

func dataDirectory(t *testing.T, c corev1.Container) string {
	t.Helper()
	for _, e := range c.Env {
		if e.Name == "PGDATA" {
			return e.Value
		}
	}
	t.Fatal("there is no PGDATA")
	return ""
}
