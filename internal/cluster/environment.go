package cluster

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"auth.books.test/internal/manifest"
)

// CheckEnvironment refuses a name that is not an environment, before it becomes part of a path.
func CheckEnvironment(dir, env string) error {
	all := manifest.Environments(dir)
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
