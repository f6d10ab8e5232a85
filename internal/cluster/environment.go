package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"auth.books.test/internal/manifest"
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

// CheckEnvironment refuses a name that is not an environment, before it becomes part of a path.
func CheckEnvironment(dir, env string) error {
	all := Environments(dir)
	if slices.Contains(all, env) {
		return nil
	}
	if len(all) == 0 {
		return fmt.Errorf("there are no overlays in %s: name the repository with --dir", filepath.Join(dir, "kustomize", "overlays"))
	}
	return fmt.Errorf("there is no overlay %q; --env is one of %s", env, strings.Join(all, ", "))
}

// Render gives what an overlay renders to.
func Render(dir, env string) (*manifest.Set, error) {
	out, err := manifest.Render(filepath.Join(dir, "kustomize", "overlays", env))
	if err != nil {
		return nil, err
	}
	set, err := manifest.Parse(out)
	if err != nil {
		return nil, fmt.Errorf("read the overlay %s: %w", env, err)
	}
	return set, nil
}
