package secrets

import (
	"fmt"
	"os"
	"path/filepath"

	"auth.books.test/internal/manifest"
)

// needed is the overlay with an empty folder of sealed secrets, so that it tells which secrets it needs before any is
// sealed.
func needed(dir, env string) (*manifest.Set, error) {
	scratch, err := os.MkdirTemp("", "platform-")
	if err != nil {
		return nil, fmt.Errorf("copy the overlay: %w", err)
	}
	defer os.RemoveAll(scratch)
	if err := os.CopyFS(filepath.Join(scratch, "kustomize"), os.DirFS(filepath.Join(dir, "kustomize"))); err != nil {
		return nil, fmt.Errorf("copy the overlay: %w", err)
	}
	// kustomize refuses an empty kustomization.
	f := &Folder{dir: filepath.Join(scratch, "sealed-secrets", env), used: map[string]string{"nothing": "nothing"}}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return nil, fmt.Errorf("copy the overlay: %w", err)
	}
	if err := f.save(); err != nil {
		return nil, err
	}
	rendered, err := manifest.Render(filepath.Join(scratch, "kustomize", "overlays", env))
	if err != nil {
		return nil, err
	}
	return manifest.Parse(rendered)
}
