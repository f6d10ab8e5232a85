package secrets

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/template"

	"auth.books.test/internal/wholefile"
)

// kustomizationTemplate renames references without naming the pods that have them:
// kustomize renames a generated Secret everywhere the overlay names it. Those
// Secrets are local configuration, which is not applied to a cluster.
const kustomizationTemplate = `# Written by platform seal and platform rotate.
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
`

// save writes all that has changed. A full disk changes nothing. If it is killed
// in between, the list names only files that exist: secrets come first, then the
// list, and what it no longer names is deleted last.
func (f *Folder) save() error {
	slices.Sort(f.names)
	var text bytes.Buffer
	kustomization, err := template.New("").Parse(kustomizationTemplate)
	if err != nil {
		return fmt.Errorf("write the kustomization: %w", err)
	}
	if err := kustomization.Execute(&text, map[string]any{"Names": f.names, "Used": f.used}); err != nil {
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

func (f *Folder) changes() (all []wholefile.File) {
	for _, name := range slices.Sorted(maps.Keys(f.written)) {
		all = append(all, wholefile.File{Name: name, Content: f.written[name]})
	}
	return all
}
