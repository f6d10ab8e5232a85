package manifest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// forbidden are fields of a kustomization that would break something later, and why.
func forbidden() map[string]string {
	return map[string]string{
		"namePrefix":      "a sealed secret that is renamed does not open",
		"nameSuffix":      "a sealed secret that is renamed does not open",
		"commonLabels":    "they change selectors, which cannot be changed in a cluster",
		"sortOptions":     "kubectl has an order of its own",
		"secretGenerator": "a secret in git is a sealed one",
	}
}

// forbiddenIn are the forbidden fields of a kustomization.
func forbiddenIn(t *testing.T, text []byte) (found []string) {
	t.Helper()
	var k map[string]any
	if err := yaml.Unmarshal(text, &k); err != nil {
		t.Fatal(err)
	}
	for field, why := range forbidden() {
		if _, there := k[field]; there {
			found = append(found, field+": "+why)
		}
	}
	generators, _ := k["configMapGenerator"].([]any)
	generators = append(generators, map[string]any{"options": k["generatorOptions"]})
	for _, g := range generators {
		g, _ := g.(map[string]any)
		if o, _ := g["options"].(map[string]any); o["disableNameSuffixHash"] == true {
			found = append(found, "disableNameSuffixHash: pods would not roll when a setting changes")
		}
		if g["behavior"] == "replace" {
			found = append(found, "behavior: replace: what is the same everywhere is in base")
		}
	}
	return found
}

func TestKustomizationsHaveNoForbiddenField(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, dir := range []string{"kustomize", "sealed-secrets"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != "kustomization.yaml" {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			tried++
			for _, found := range forbiddenIn(t, text) {
				t.Errorf("%s has %s", path, found)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if tried < 15 {
		t.Errorf("only %d kustomizations", tried)
	}
}

func TestForbiddenFieldsAreFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"namePrefix: dev-", "nameSuffix: -dev", "commonLabels: {a: b}", "sortOptions: {order: fifo}", "secretGenerator: [{name: a}]",
		"generatorOptions: {disableNameSuffixHash: true}", "configMapGenerator: [{name: a, options: {disableNameSuffixHash: true}}]", "configMapGenerator: [{name: a, behavior: replace}]",
	} {
		if len(forbiddenIn(t, []byte(text))) != 1 {
			t.Errorf("not found: %s", text)
		}
	}
	if found := forbiddenIn(t, []byte("namespace: auth\nconfigMapGenerator: [{name: a, behavior: merge, envs: [a.env]}]")); found != nil {
		t.Errorf("found %v", found)
	}
}

// kustomizations are the folders that are rendered by themselves.
func kustomizations(t *testing.T) (dirs []string) {
	t.Helper()
	for file, text := range kustomizationFiles(t) {
		if !strings.Contains(string(text), "\nkind: Component\n") {
			dirs = append(dirs, filepath.Dir(file))
		}
	}
	slices.Sort(dirs)
	return dirs
}

func kustomizationFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name, text := range tracked(t) {
		if filepath.Base(name) == "kustomization.yaml" {
			files[name] = text
		}
	}
	if len(files) < 15 {
		t.Fatalf("only %d kustomizations", len(files))
	}
	return files
}

// Kustomize has a table of its own.
func TestNoFieldOfAKustomizationIsDeprecated(t *testing.T) {
	t.Parallel()
	deprecated := func(text []byte) []string {
		var k types.Kustomization
		if err := yaml.Unmarshal(text, &k); err != nil {
			t.Fatal(err)
		}
		return *k.CheckDeprecatedFields()
	}
	for file, text := range kustomizationFiles(t) {
		if found := deprecated(text); len(found) > 0 {
			t.Errorf("%s: %v", file, found)
		}
	}
	for _, text := range []string{"bases: [a]", "commonLabels: {a: b}", "patchesStrategicMerge: [a]", "patchesJson6902: [{path: a}]", "vars: [{name: a}]", "imageTags: [{name: a}]"} {
		if len(deprecated([]byte(text))) != 1 {
			t.Errorf("not found: %s", text)
		}
	}
}
