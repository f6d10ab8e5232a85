package adopt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/wholefile"
	"auth.books.test/internal/worktree"
)

// Plan says what is to become of a repository.
type Plan struct {
	// Dir is the repository.
	Dir string
	To  Names
	// Keys is a folder outside of Dir for private sealing keys.
	Keys string
	// Cluster gives the cluster of an environment.
	Cluster func(env string) cluster.Cluster
}

// Done is what Adopt did.
type Done struct {
	Files []string
	Keys  []Key
}

// Key tells where an environment's private sealing key is.
type Key struct{ Env, File string }

// Adopt replaces names and secrets. It refuses a tree with changes: what it does could not
// be told from them, nor taken back.
func Adopt(ctx context.Context, p Plan) (Done, error) {
	if err := p.To.Check(); err != nil {
		return Done{}, err
	}
	if err := clean(ctx, p.Dir); err != nil {
		return Done{}, err
	}
	if err := p.outside(); err != nil {
		return Done{}, err
	}
	from, err := Current(p.Dir)
	if err != nil {
		return Done{}, err
	}
	done := Done{}
	if done.Files, err = Rewrite(ctx, p.Dir, from, p.To); err != nil {
		return done, err
	}
	if err := os.MkdirAll(p.Keys, 0o700); err != nil {
		return done, fmt.Errorf("make the folder of keys: %w", err)
	}
	for _, env := range manifest.Environments(p.Dir) {
		file, err := SealAnew(ctx, p.Cluster(env), filepath.Join(p.Keys, env+".key"))
		if err != nil {
			return done, err
		}
		done.Keys = append(done.Keys, Key{Env: env, File: file})
	}
	return done, nil
}

// Goldens writes the golden files anew: what names a map of settings after its content changes
// with the names.
func Goldens(dir string) error {
	goldens, err := manifest.Goldens(dir)
	if err != nil {
		return fmt.Errorf("render the overlays anew: %w", err)
	}
	for name, content := range goldens {
		if err := wholefile.Replace(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("write %s anew: %w", name, err)
		}
	}
	return nil
}

// outside holds that the folder of keys is not in the repository, and has no key yet.
func (p Plan) outside() error {
	if within, err := Within(p.Dir, p.Keys); err != nil {
		return err
	} else if within {
		return fmt.Errorf("--keys: %s is in the repository, where private keys would be committed: name a folder outside of it", p.Keys)
	}
	for _, env := range manifest.Environments(p.Dir) {
		if _, err := os.Stat(filepath.Join(p.Keys, env+".key")); err == nil {
			return fmt.Errorf("--keys: %s has a key for %s already, which may be in use: name another folder", p.Keys, env)
		}
	}
	return nil
}

// Within reports whether a path leads into a folder.
func Within(dir, path string) (bool, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return false, err
	}
	relative, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(relative), nil
}

// clean holds that the tree has no changes.
func clean(ctx context.Context, dir string) error {
	changes, err := worktree.Changes(ctx, dir, ".")
	if err != nil {
		return errors.New("this is no git repository, or git is missing: adopt a clone, so that what it changes can be seen and taken back")
	}
	if first, _, _ := strings.Cut(strings.TrimSpace(changes), "\n"); first != "" {
		return fmt.Errorf("the tree has changes (%s …): commit them first, or adopt a fresh clone", first)
	}
	return nil
}
