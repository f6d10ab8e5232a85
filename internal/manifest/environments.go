package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Environments are the overlays that include a folder of sealed secrets. An overlay on top of another, such as
// Tilt's, has the secrets of that one, and is none.
func Environments(dir string) (names []string) {
	files, _ := filepath.Glob(filepath.Join(dir, "kustomize", "overlays", "*", "kustomization.yaml"))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "sealed-secrets/") {
			names = append(names, filepath.Base(filepath.Dir(file)))
		}
	}
	slices.Sort(names)
	return names
}

// Namespace is that of an environment, as its overlay names it. It is empty where the overlay
// cannot be read.
func Namespace(dir, env string) string {
	text, err := os.ReadFile(filepath.Join(dir, "kustomize", "overlays", env, "kustomization.yaml"))
	if err != nil {
		return ""
	}
	var overlay struct{ Namespace string }
	if err := yaml.Unmarshal(text, &overlay); err != nil {
		return ""
	}
	return overlay.Namespace
}
