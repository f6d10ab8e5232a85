package secrets

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
)

// Folder is sealed-secrets/ENV: a file for each SealedSecret, and the version of
// each secret that is used. The versions of a secret are called NAME, NAME-v2,
// NAME-v3.
type Folder struct {
	dir string
	// namespace is the one that secrets are sealed for.
	namespace string
	names     []string          // what is sealed
	used      map[string]string // the version in use, by name, if it is not the first

	// What save is to write and to delete.
	written map[string][]byte // by file
	removed []string          // files
}

// OpenFolder reads the folder of an environment. A folder without a kustomization
// is empty.
func OpenFolder(dir, env string) (*Folder, error) {
	if err := cluster.CheckEnvironment(dir, env); err != nil {
		return nil, err
	}
	f, err := ReadFolder(filepath.Join(dir, "sealed-secrets", env))
	if err != nil {
		return nil, err
	}
	if f.namespace = manifest.Namespace(dir, env); f.namespace == "" {
		return nil, fmt.Errorf("kustomize/overlays/%s/kustomization.yaml names no namespace, and secrets are sealed for one", env)
	}
	return f, nil
}

// ReadFolder reads a folder of sealed secrets by its path, to look at what is in it.
func ReadFolder(dir string) (*Folder, error) {
	f := &Folder{dir: dir, used: map[string]string{}}
	b, err := os.ReadFile(filepath.Join(f.dir, "kustomization.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what is sealed: %w", err)
	}
	var k struct {
		Resources []string
		Patches   []struct {
			Target struct{ Name string }
			Patch  string
		}
	}
	if err := yaml.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("read %s/kustomization.yaml: %w", f.dir, err)
	}
	for _, r := range k.Resources {
		f.names = append(f.names, strings.TrimSuffix(r, ".yaml"))
	}
	for _, p := range k.Patches {
		var operations []struct{ Value string }
		if err := yaml.Unmarshal([]byte(p.Patch), &operations); err != nil || len(operations) != 1 {
			return nil, fmt.Errorf("%s/kustomization.yaml does not say in one operation which version of %s is used", f.dir, p.Target.Name)
		}
		f.used[p.Target.Name] = operations[0].Value
	}
	return f, nil
}

// Current is the version of a secret that is used.
func (f *Folder) Current(name string) string {
	if used := f.used[name]; used != "" {
		return used
	}
	return name
}

// versions are those of a secret that are sealed, the oldest first.
func (f *Folder) versions(name string) (all []string) {
	for _, n := range f.names {
		if versionOf(n, name) > 0 {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return versionOf(a, name) - versionOf(b, name) })
	return all
}

func (f *Folder) file(name string) string { return filepath.Join(f.dir, name+".yaml") }

// add seals a secret; save writes and lists it.
func (f *Folder) add(sealer *sealing.Sealer, s sealing.Secret) error {
	s.Namespace = f.namespace
	sealed, err := sealer.Seal(s)
	if err != nil {
		return err
	}
	if f.written == nil {
		f.written = map[string][]byte{}
	}
	f.written[f.file(s.Name)] = sealed
	f.removed = slices.DeleteFunc(f.removed, func(file string) bool { return file == f.file(s.Name) })
	if !slices.Contains(f.names, s.Name) {
		f.names = append(f.names, s.Name)
	}
	return nil
}

// remove takes a secret off the list; save deletes its file.
func (f *Folder) remove(name string) {
	f.names = slices.DeleteFunc(f.names, func(n string) bool { return n == name })
	delete(f.written, f.file(name))
	f.removed = append(f.removed, f.file(name))
}

// open gives the folder of an environment, and what seals for it, unless the cluster could not open that.
func open(ctx context.Context, c cluster.Cluster) (*Folder, *sealing.Sealer, error) {
	f, err := OpenFolder(c.Dir, c.Env)
	if err != nil {
		return nil, nil, err
	}
	sealer, err := f.sealer(c.Now())
	if err != nil {
		return nil, nil, err
	}
	return f, sealer, opens(ctx, c, sealer)
}

// Names are the secrets that are sealed, with their versions.
func (f *Folder) Names() []string { return slices.Clone(f.names) }

// sealer seals for the certificate of the folder, if that is valid at a time.
func (f *Folder) sealer(now time.Time) (*sealing.Sealer, error) {
	file := filepath.Join(f.dir, "certificate.pem")
	certificate, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: fetch it from the cluster's controller with platform certificate, or make a key with platform key", file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	s, err := sealing.NewSealer(certificate, now, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("%s: %w. Fetch the newest: go run ./cmd/platform certificate --env %s", file, err, filepath.Base(f.dir))
	}
	return s, nil
}

// Open opens a sealed secret with the key beside it. Error: fs.ErrNotExist, if the repository has none.
func (f *Folder) Open(name string) (sealing.Secret, error) {
	key, err := DevelopmentKey(f.dir)
	if err != nil {
		return sealing.Secret{}, err
	}
	sealed, err := os.ReadFile(f.file(name))
	if err != nil {
		return sealing.Secret{}, fmt.Errorf("read a SealedSecret: %v", err) // not %w: fs.ErrNotExist means that the key is missing
	}
	return sealing.Open(key, sealed)
}
