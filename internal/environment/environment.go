package environment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"auth.books.test/internal/adopt"
	"auth.books.test/internal/cluster"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/secrets"
)

// Plan says what is to be made.
type Plan struct {
	// Dir is the repository.
	Dir string
	// Name is that of the overlay and of the folder of sealed secrets.
	Name string
	// From is the environment whose overlay is copied.
	From string
	// Domain is that of the services: they are auth.DOMAIN and, by name, helloworld.DOMAIN.
	Domain string
	// Namespace is that of the environment in its cluster; that of From, if it is empty.
	Namespace string
	// Key is the file outside of the repository that the private sealing key goes to.
	Key string
	// Cluster gives the cluster of an environment.
	Cluster func(env string) cluster.Cluster
}

// Made tells what New has made.
type Made struct {
	// Files are those of the overlay, from the root of the repository.
	Files []string
	// Secrets are those that were sealed.
	Secrets []string
}

// name is what may be part of a path and of a branch's name.
var name = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// New copies an overlay and seals new secrets for a new key. It changes no file, and after
// an error leaves none that it has made, except for the key, which may be needed.
func New(ctx context.Context, p Plan) (made Made, err error) {
	if err := p.check(); err != nil {
		return Made{}, err
	}
	from, err := adopt.Current(p.Dir)
	if err != nil {
		return Made{}, err
	}
	overlay, sealed := p.overlay(p.Name), p.sealed(p.Name)
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(overlay), os.RemoveAll(sealed))
		}
	}()
	if made.Files, err = p.copyOverlay(from); err != nil {
		return Made{}, fmt.Errorf("copy the overlay %s: %w", p.From, err)
	}
	if err := os.MkdirAll(sealed, 0o755); err != nil {
		return Made{}, fmt.Errorf("make the folder of sealed secrets: %w", err)
	}
	if _, err := secrets.NewKey(p.Dir, p.Name, p.Key); err != nil {
		return Made{}, err
	}
	done, err := secrets.Seal(ctx, p.Cluster(p.Name), nil, true)
	if err != nil {
		return Made{}, fmt.Errorf("seal secrets for %s: %w", p.Name, err)
	}
	made.Secrets = done.Names
	return made, nil
}

func (p Plan) overlay(env string) string { return filepath.Join(p.Dir, "kustomize", "overlays", env) }

func (p Plan) sealed(env string) string { return filepath.Join(p.Dir, "sealed-secrets", env) }

// check refuses what New could only do in part.
func (p Plan) check() error {
	if !name.MatchString(p.Name) {
		return fmt.Errorf("%q: write a name of lower-case letters, digits and hyphens, such as staging", p.Name)
	}
	if err := cluster.CheckEnvironment(p.Dir, p.From); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	if _, err := os.Stat(filepath.Join(p.sealed(p.From), "key")); err == nil {
		return fmt.Errorf("--from: the key of %s is public, and its secrets are for development: copy another environment", p.From)
	}
	for _, dir := range []string{p.overlay(p.Name), p.sealed(p.Name)} {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already: choose another name", dir)
		}
	}
	if err := adopt.CheckDomain(p.Domain); err != nil {
		return err
	}
	if p.Namespace != "" {
		if err := adopt.CheckNamespace(p.Namespace); err != nil {
			return err
		}
	}
	if within, err := adopt.Within(p.Dir, p.Key); err != nil {
		return err
	} else if within || p.Key == "" {
		return errors.New("--key: name a file outside of the repository, where the private key would be committed")
	}
	if _, err := os.Stat(p.Key); err == nil {
		return fmt.Errorf("--key: %s is there already, and may be in use: name another file", p.Key)
	}
	return nil
}

// copyOverlay copies the overlay's files with the new domain, and has it read the secrets
// of the new environment.
func (p Plan) copyOverlay(from adopt.Names) (files []string, err error) {
	source, target := p.overlay(p.From), p.overlay(p.Name)
	if err := os.CopyFS(target, os.DirFS(source)); err != nil {
		return nil, err
	}
	services, err := folders(source)
	if err != nil {
		return nil, err
	}
	from.Namespace = manifest.Namespace(p.Dir, p.From)
	to := from
	to.Domain, to.Namespace = p.Domain, cmp.Or(p.Namespace, from.Namespace)
	err = filepath.WalkDir(target, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files = append(files, path)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		after := adopt.RewriteText(from, to, services, string(text))
		after = strings.ReplaceAll(after, "sealed-secrets/"+p.From+"\n", "sealed-secrets/"+p.Name+"\n")
		return os.WriteFile(path, []byte(after), 0o644)
	})
	slices.Sort(files)
	return files, err
}

// folders are those in an overlay: each is of the service of that name.
func folders(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
