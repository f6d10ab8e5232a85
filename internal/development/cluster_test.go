package development_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// clusterScript runs scripts/test-cluster in a checkout that has nothing else. In it,
// kubectl answers when there is a file called up, and make writes down what it knows.
func clusterScript(t *testing.T, env ...string) (status int, out string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "checkout")
	script := read(t, "scripts/test-cluster")
	for name, text := range map[string]string{
		"scripts/test-cluster": script,
		"bin/kubectl":          "#!/bin/sh\n[ -e " + dir + "/up ]\n",
		"bin/make":             "#!/bin/sh\necho \"$* with KUBECONFIG=$KUBECONFIG E2E_FRESH=$E2E_FRESH\"\n[ -z \"$FAILS\" ]\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", filepath.Join(dir, "scripts/test-cluster"))
	cmd.Env = append([]string{"PATH=" + dir + "/bin:/usr/bin:/bin", "HOME=" + dir, "DIR=" + dir}, env...)
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(b)
}

func TestClusterOfTheTestsIsBroughtUpOrItIsSaidWhyNot(t *testing.T) {
	t.Parallel()
	const up = `E2E_CLUSTER_UP=echo building; touch $DIR/up; echo "export KUBECONFIG=/the/config"`
	for name, c := range map[string]struct {
		env    []string
		status int
		says   []string
	}{
		"none":                 {nil, 3, []string{"there is no cluster"}},
		"one that is brought":  {[]string{up, "E2E_CLUSTER_DOWN=rm $DIR/up"}, 0, []string{"e2e with KUBECONFIG=/the/config E2E_FRESH=1"}},
		"one that stays":       {[]string{up}, 0, []string{"e2e with KUBECONFIG=/the/config E2E_FRESH=\n"}},
		"one that fails":       {[]string{"E2E_CLUSTER_UP=echo no disk; false"}, 3, []string{"no disk", "did not come up"}},
		"one that takes long":  {[]string{"E2E_CLUSTER_UP=echo waiting; sleep 60", "E2E_CLUSTER_TIMEOUT=1s"}, 3, []string{"waiting", "within 1s"}},
		"one that is not one":  {[]string{"E2E_CLUSTER_UP=echo 'export KUBECONFIG=/x'"}, 3, []string{"does not answer"}},
		"a test that fails":    {[]string{up, "FAILS=1"}, 1, []string{"e2e with"}},
		"one that stays there": {[]string{up, "E2E_CLUSTER_DOWN=false"}, 0, []string{"could not take the cluster down"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, out := clusterScript(t, c.env...)
			if status != c.status {
				t.Errorf("ends with %d, want %d: %s", status, c.status, out)
			}
			for _, s := range c.says {
				if !strings.Contains(out, s) {
					t.Errorf("does not say %q: %s", s, out)
				}
			}
		})
	}
}
