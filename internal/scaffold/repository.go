package scaffold

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"auth.books.test/internal/manifest"
	"auth.books.test/internal/worktree"
)

// repository has the files of a clone that are about services, by path.
type repository struct {
	dir   string
	files map[string]string
}

func open(ctx context.Context, dir string) (repository, error) {
	names, err := worktree.Files(ctx, dir, "services", "kustomize", "Tiltfile")
	if err != nil {
		return repository{}, errors.New("this is no git repository, or git is missing: make services in a clone, so that what is added can be seen and taken back")
	}
	r := repository{dir: dir, files: map[string]string{}}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return repository{}, err
		}
		r.files[name] = string(text)
	}
	if len(r.folders()) == 0 {
		return repository{}, fmt.Errorf("there is no services/%s, of which new services are made: git checkout -- services/%[1]s kustomize", Template)
	}
	return r, nil
}

// names are the files in order.
func (r repository) names() []string {
	return slices.Sorted(maps.Keys(r.files))
}

// folders are those that are called as the template.
func (r repository) folders() (all []string) {
	for _, name := range r.names() {
		before, _, found := strings.Cut(name, "/"+Template+"/")
		if folder := before + "/" + Template; found && !slices.Contains(all, folder) {
			all = append(all, folder)
		}
	}
	return all
}

func sibling(folder, name string) string { return path.Join(path.Dir(folder), name) }

// goldens are the golden files, which show the new service too.
func (r repository) goldens() []string { return manifest.GoldenFiles(r.dir) }

// unchanged refuses changes that are not committed, where the service comes from and where it
// is added: what is added could not be told from them.
func (r repository) unchanged(ctx context.Context, names []string) error {
	for _, name := range append(names, r.goldens()...) {
		changes, err := worktree.Changes(ctx, r.dir, name)
		if err != nil {
			return fmt.Errorf("ask git for changes of %s: %w", name, err)
		}
		if changes != "" {
			return fmt.Errorf("%s has changes that are not committed: commit them, or set them aside: %s", name, worktree.SetAside(name))
		}
	}
	return nil
}
