package manifest_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// Whoever reads the output of a command should not have to tell warnings that matter from others. It is kubectl's own
// kustomize that prints them, in each release others, so what is on PATH is tried.
func TestKubectlRendersWithoutAWarning(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "kubectl", "version", "--client", "--output=json").Output()
	if err != nil {
		t.Skipf("SKIPPED: kubectl is not installed: %v", err)
	}
	var said struct {
		ClientVersion struct{ Minor, GitVersion string }
	}
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatal(err)
	}
	if minor, err := strconv.Atoi(said.ClientVersion.Minor); err == nil && minor < 32 {
		t.Skipf("SKIPPED: kubectl %s is older than 1.32", said.ClientVersion.GitVersion)
	}
	noisy := t.TempDir()
	if err := os.WriteFile(filepath.Join(noisy, "kustomization.yaml"), []byte("commonLabels: {a: b}\nconfigMapGenerator: [{name: a}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if prints(t, noisy) == "" {
		t.Error("a deprecated field is rendered without a word, so nothing would be noticed here")
	}
	dirs := kustomizations(t)
	for i := range dirs {
		dirs[i] = filepath.Join(root, dirs[i])
	}
	for _, component := range slices.Sorted(maps.Keys(components())) {
		dirs = append(dirs, copyWith(t, components()[component][0], component))
	}
	for _, dir := range dirs {
		if words := prints(t, dir); words != "" {
			t.Errorf("kubectl %s, %s: %s", said.ClientVersion.GitVersion, dir, words)
		}
	}
}

// prints is what kubectl says beside the manifests.
func prints(t *testing.T, dir string) string {
	t.Helper()
	var words bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "kubectl", "kustomize", dir)
	cmd.Stderr = &words
	if out, err := cmd.Output(); err != nil || len(out) == 0 {
		t.Errorf("%s: %v, %d bytes", dir, err, len(out))
	}
	return words.String()
}
