package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"sigs.k8s.io/yaml"

	"auth.books.test/internal/sealing"
	"auth.books.test/internal/wholefile"
)

// folder is sealed-secrets/ENV: a file for each SealedSecret, and the version of
// each secret that is used. The versions of a secret are called NAME, NAME-v2,
// NAME-v3.
type folder struct {
	dir   string
	names []string          // what is sealed
	used  map[string]string // the version in use, by name, if it is not the first

	// What save is to write and to delete.
	written map[string][]byte // by file
	removed []string          // files
}

// kustomizationTemplate moves references without naming the pods that have them:
// kustomize follows a Secret to its new name, wherever its name stands. Those
// Secrets are marked as its own, and reach no cluster.
var kustomizationTemplate = template.Must(template.New("").Parse(`# Written by platform seal and platform rotate.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
{{- range .Names}}
  - {{.}}.yaml
{{- end}}
{{- if .Used}}
# The versions in use: a name that has one stands for it everywhere in the overlay.
generatorOptions:
  disableNameSuffixHash: true
  annotations:
    config.kubernetes.io/local-config: "true"
secretGenerator:
{{- range $name, $version := .Used}}
  - name: {{$name}}
{{- end}}
patches:
{{- range $name, $version := .Used}}
  - target: {kind: Secret, name: {{$name}}}
    options: {allowNameChange: true}
    patch: |
      - {op: replace, path: /metadata/name, value: {{$version}}}
{{- end}}
{{- end}}
`))

// openFolder reads the folder of an environment. A folder without a kustomization
// is empty.
func openFolder(dir, env string) (*folder, error) {
	if err := knownEnvironment(dir, env); err != nil {
		return nil, err
	}
	return readFolder(filepath.Join(dir, "sealed-secrets", env))
}

func readFolder(dir string) (*folder, error) {
	f := &folder{dir: dir, used: map[string]string{}}
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

// current is the version of a secret that is used.
func (f *folder) current(name string) string {
	if used := f.used[name]; used != "" {
		return used
	}
	return name
}

// versions are those of a secret that are sealed, the oldest first.
func (f *folder) versions(name string) (all []string) {
	for _, n := range f.names {
		if versionOf(n, name) > 0 {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return versionOf(a, name) - versionOf(b, name) })
	return all
}

// versionOf is 1 for NAME, 2 for NAME-v2, and 0 for another secret's.
func versionOf(full, name string) int {
	rest, found := strings.CutPrefix(full, name)
	if !found {
		return 0
	}
	if rest == "" {
		return 1
	}
	n, err := strconv.Atoi(strings.TrimPrefix(rest, "-v"))
	if err != nil || n < 2 || rest != fmt.Sprintf("-v%d", n) {
		return 0
	}
	return n
}

func (f *folder) file(name string) string { return filepath.Join(f.dir, name+".yaml") }

// add seals a secret; save writes and lists it.
func (f *folder) add(sealer *sealing.Sealer, s sealing.Secret) error {
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
func (f *folder) remove(name string) {
	f.names = slices.DeleteFunc(f.names, func(n string) bool { return n == name })
	delete(f.written, f.file(name))
	f.removed = append(f.removed, f.file(name))
}

// save writes all that has changed. A full disk changes nothing. If it is killed
// in between, the list names only files that exist: secrets come first, then the
// list, and what it no longer names is deleted last.
func (f *folder) save() error {
	slices.Sort(f.names)
	var text bytes.Buffer
	if err := kustomizationTemplate.Execute(&text, map[string]any{"Names": f.names, "Used": f.used}); err != nil {
		return fmt.Errorf("write the kustomization: %w", err)
	}
	if err := wholefile.ReplaceInOrder(0o644, append(f.changes(), wholefile.File{Name: filepath.Join(f.dir, "kustomization.yaml"), Content: text.Bytes()})...); err != nil {
		return fmt.Errorf("write what is sealed: %w", err)
	}
	for _, file := range f.removed {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a SealedSecret: %w", err)
		}
	}
	f.written, f.removed = nil, nil
	return nil
}

func (f *folder) changes() (all []wholefile.File) {
	for _, name := range slices.Sorted(maps.Keys(f.written)) {
		all = append(all, wholefile.File{Name: name, Content: f.written[name]})
	}
	return all
}

// sealer seals for the certificate of the folder, if that is valid at a time.
func (f *folder) sealer(now time.Time) (*sealing.Sealer, error) {
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

// baseOf is the name of a secret without its version.
func baseOf(name string) string {
	if i := strings.LastIndex(name, "-v"); i > 0 && versionOf(name, name[:i]) > 1 {
		return name[:i]
	}
	return name
}

// open opens what is sealed with the key beside it. Error: fs.ErrNotExist, if the repository has none.
func (f *folder) open(name string) (sealing.Secret, error) {
	key, err := developmentKey(f.dir)
	if err != nil {
		return sealing.Secret{}, err
	}
	sealed, err := os.ReadFile(f.file(name))
	if err != nil {
		return sealing.Secret{}, fmt.Errorf("read a SealedSecret: %v", err) // not fs.ErrNotExist, which is the key's
	}
	return sealing.Open(key, sealed)
}
