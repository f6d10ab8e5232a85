package manifest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"auth.books.test/internal/manifest"
)

// list is the only file with the versions of third-party images.
const list = "base/images/kustomization.yaml"

func imagesOf(t *testing.T, file string) []types.Image {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "kustomize", file))
	if err != nil {
		t.Fatal(err)
	}
	var k types.Kustomization
	if err := yaml.Unmarshal(b, &k); err != nil {
		t.Fatal(err)
	}
	return k.Images
}

// isOurs says whether an image is built from this repository.
func isOurs(image string) bool {
	name, _, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return slices.Contains(ownServices(), name) || image == "localhost:5000/schema:dev" // auth-api, for Tilt
}

// imagesIn are the images that would run, including those of an operator.
func imagesIn(s *manifest.Set) (all []string) {
	each(s, func(_ manifest.Workload, c *corev1.Container, _ bool) string {
		all = append(all, c.Image)
		return ""
	})
	for _, cluster := range s.OfKind("Cluster") {
		all = append(all, fmt.Sprint(at(cluster.Content, "spec.imageName")))
	}
	return all
}

func TestThirdPartyImagesStandInOneListByExactVersion(t *testing.T) {
	exact := regexp.MustCompile(`^v?\d+\.\d+[\w.-]*$`)
	known := map[string]bool{}
	for _, i := range imagesOf(t, list) {
		name := i.Name
		if i.NewName != "" {
			name = i.NewName
		}
		if tag, _, _ := strings.Cut(i.NewTag, "@"); !exact.MatchString(tag) {
			t.Errorf("%s has the version %q", name, i.NewTag)
		}
		known[name+":"+i.NewTag] = true
	}
	used := map[string]bool{}
	check := func(what string, s *manifest.Set) {
		for _, image := range imagesIn(s) {
			image = strings.TrimPrefix(strings.TrimPrefix(image, "mirror.gcr.io/"), "library/")
			used[image] = true
			if !isOurs(image) && !known[image] {
				t.Errorf("%s runs %s, which is not in %s", what, image, list)
			}
		}
	}
	for _, overlay := range overlays() {
		check(overlay, parse(t, render(t, overlay)))
	}
	for component, on := range components() {
		for _, overlay := range on {
			check(overlay+" with "+component, withComponent(t, overlay, component))
		}
	}
	for _, dir := range controllers() {
		for _, image := range imagesIn(controller(t, dir)) {
			used[image] = true
		}
	}
	for image := range known {
		if !used[image] {
			t.Errorf("%s is in %s and nothing runs it", image, list)
		}
	}
}

func TestNoOtherListNamesImagesOfThirdParties(t *testing.T) {
	t.Parallel()
	var files []string
	// The second is of services, which have a folder in overlays and components.
	for _, pattern := range []string{"kustomize/*/*/kustomization.yaml", "kustomize/*/*/*/kustomization.yaml"} {
		matched, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(matched) < 3 {
			t.Fatalf("%s: %d files, %v", pattern, len(matched), err)
		}
		files = append(files, matched...)
	}
	found := false
	for _, file := range files {
		name, err := filepath.Rel(filepath.Join(root, "kustomize"), file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.ToSlash(name) == list {
			found = true
			continue
		}
		if i := slices.IndexFunc(imagesOf(t, name), func(i types.Image) bool { return !isOurs(i.Name) && i.NewTag+i.Digest != "" }); i >= 0 {
			t.Errorf("%s gives %s a version", name, imagesOf(t, name)[i].Name)
		}
	}
	if !found {
		t.Errorf("%s is not there", list)
	}
}
