package manifest_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/manifest"
)

// imageNames are the names of the images that would run, without their versions.
func imageNames(s *manifest.Set) (names []string) {
	for _, image := range imagesIn(s) {
		image, _, _ = strings.Cut(image, "@")
		registry, rest := path.Split(image)
		name, _, _ := strings.Cut(rest, ":")
		names = append(names, registry+name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestValkeyRunsWhereverRedisDid(t *testing.T) {
	for name, c := range map[string]struct {
		overlay string
		changes []change
	}{
		"minikube": {"minikube", nil},
		"gke":      {"gke", nil},
		"with Sentinel": {"gke", []change{{
			"overlays/gke/kustomization.yaml", "  - ../../components/valkey\n", "  - ../../components/redis-sentinel\n  - ../../components/valkey\n",
		}}},
	} {
		s := parse(t, renderWith(t, c.overlay, "valkey", c.changes...))
		names := imageNames(s)
		if slices.Contains(names, "redis") || slices.Contains(names, "valkey") || !slices.Contains(names, "valkey/valkey") {
			t.Errorf("%s runs %q", name, names)
		}
		// Neither starts with the other's files.
		config := configOf(s, "session-db")
		if !strings.Contains(config["redis.conf"], "\ninclude /etc/redis/extra-*.conf\n") || !strings.Contains(config["extra-valkey.conf"], "\nappenddirname valkey\n") {
			t.Errorf("%s: Valkey writes where Redis does: %q", name, config)
		}
	}
}

func TestMirrorServesEveryImageOfDockerHub(t *testing.T) {
	for name, changes := range map[string][]change{
		"alone":       nil,
		"with Valkey": {{"overlays/gke/kustomization.yaml", "  - ../../components/registry-mirror\n", "  - ../../components/valkey\n  - ../../components/registry-mirror\n"}},
		// Here the controller of sealed secrets.
		"sealed-secrets": {{"../sealed-secrets/controller/kustomization.yaml", "  - image\n", "  - image\n  - ../../kustomize/components/registry-mirror\n"},
			{"overlays/gke/kustomization.yaml", "  - ../../base\n", "  - ../../base\n  - ../../../sealed-secrets/controller\n"},
			{"overlays/gke/kustomization.yaml", "namespace: auth\n", "\n"}},
		"traefik": {{"traefik/controller/kustomization.yaml", "  - ../../base/images\n", "  - ../../base/images\n  - ../../components/registry-mirror\n"},
			{"overlays/gke/kustomization.yaml", "  - ../../base\n", "  - ../../base\n  - ../../traefik/controller\n"},
			{"overlays/gke/kustomization.yaml", "namespace: auth\n", "\n"}},
	} {
		seen := map[string]bool{}
		for _, image := range imagesIn(parse(t, renderWith(t, "gke", "registry-mirror", changes...))) {
			if isOurs(image) {
				continue
			}
			seen[image] = true
			if !strings.HasPrefix(image, "mirror.gcr.io/") || tooOld(image) != "" {
				t.Errorf("%s: %s %s", name, image, tooOld(image))
			}
		}
		if len(seen) < 2 {
			t.Errorf("%s: only %v were found", name, seen)
		}
	}
}
