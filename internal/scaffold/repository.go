package scaffold

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "ls-files", "-z", "--", "services", "kustomize", "Tiltfile").Output()
	if err != nil {
		return repository{}, errors.New("this is no git repository, or git is missing: make services in a clone, so that what is added can be seen and taken back")
	}
	r := repository{dir: dir, files: map[string]string{}}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
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
	var all []string
	for name := range r.files {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
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

// goldens are the files that show what is applied.
func (r repository) goldens() (all []string) {
	for _, name := range []string{"gke.yaml", "minikube.yaml", "tilt.diff"} {
		all = append(all, path.Join(manifest.GoldenFolder, name))
	}
	return all
}

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
