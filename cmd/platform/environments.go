package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// environments are the overlays that take in a folder of sealed secrets: what --env may name. Overlays on
// top of another, such as Tilt's, have the secrets of that one.
func environments(dir string) (names []string) {
	files, _ := filepath.Glob(filepath.Join(dir, "kustomize", "overlays", "*", "kustomization.yaml"))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "sealed-secrets/") {
			names = append(names, filepath.Base(filepath.Dir(file)))
		}
	}
	slices.Sort(names)
	return names
}

// knownEnvironment refuses a name that is no environment's, before it becomes a part of a path.
func knownEnvironment(dir, env string) error {
	all := environments(dir)
	if slices.Contains(all, env) {
		return nil
	}
	if len(all) == 0 {
		return fmt.Errorf("there are no overlays in %s: name the repository with --dir", filepath.Join(dir, "kustomize", "overlays"))
	}
	return fmt.Errorf("there is no overlay %q; --env is one of %s", env, strings.Join(all, ", "))
}
