package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
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
