package doctor_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/doctor"
)

// committed is a checkout in a git repository.
func committed(t *testing.T) string {
	t.Helper()
	dir := clustertest.Checkout(t)
	cmd := exec.CommandContext(t.Context(), "bash", "-c", "git init --quiet && git add . && git -c user.name=t -c user.email=t@books.test commit --quiet --message=first")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// Somebody works on sealed secrets and the controller, and breaks something: no fix throws the work away.
func TestNoFixThrowsAwayWhatIsNotCommitted(t *testing.T) {
	image := pinned(t)
	set, err := cluster.Render(clustertest.Root, "minikube")
	if err != nil {
		t.Fatal(err)
	}
	const development = "sealed-secrets/minikube/"
	for name, c := range map[string]struct {
		breakIt func(t *testing.T, dir string)
		says    string
		clean   bool // nothing but a missing file: then a checkout is right
	}{
		"a missing key": {func(t *testing.T, dir string) {
			clustertest.Remove(t, dir, development, "key/secret.yaml")
		}, "the development key", true},
		"a missing key beside other work": {func(t *testing.T, dir string) {
			clustertest.Remove(t, dir, development, "key/secret.yaml")
			clustertest.Write(t, []byte("# work\n"), dir, development, "kustomization.yaml")
		}, "the development key", false},
		"a key that cannot be read": {func(t *testing.T, dir string) {
			clustertest.Write(t, []byte("stringData: work"), dir, development, "key/secret.yaml")
		}, "read the development key", false},
		"a key that is none": {func(t *testing.T, dir string) {
			clustertest.Write(t, []byte("stringData: {tls.key: work}"), dir, development, "key/secret.yaml")
		}, "key/secret.yaml: ", false},
		"a certificate of another key": {func(t *testing.T, dir string) {
			text, err := os.ReadFile(filepath.Join(dir, "sealed-secrets/gke/certificate.pem"))
			if err != nil {
				t.Fatal(err)
			}
			clustertest.Write(t, text, dir, development, "certificate.pem")
		}, "is not of the development key", false},
		"secrets of another key": {func(t *testing.T, dir string) {
			for _, file := range []string{"auth-db-credentials.yaml", "auth-db-users.yaml"} {
				clustertest.Edit(t, filepath.Join(dir, development, file), ": Ag", ": Bg")
			}
		}, "the development key opens none of", false},
		"a password that the store does not know": {func(t *testing.T, dir string) {
			sealAs(t, dir, "session-db-verifier", map[string]string{"password": "another"})
		}, "is not one that session-db-users lets in", false},
		"a controller that cannot be rendered": {func(t *testing.T, dir string) {
			clustertest.Write(t, []byte("resources: [work.yaml]"), dir, "sealed-secrets/controller/kustomization.yaml")
		}, "sealed-secrets/controller", false},
		"a controller without a Deployment": {func(t *testing.T, dir string) {
			clustertest.Write(t, []byte("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [only.yaml]\n"), dir, "sealed-secrets/controller/kustomization.yaml")
			clustertest.Write(t, []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: work}}\n"), dir, "sealed-secrets/controller/only.yaml")
		}, "sealed-secrets/controller has no Deployment", false},
		"another value under the same name": {func(t *testing.T, dir string) {
			sealAs(t, dir, "session-db-verifier", map[string]string{"password": "work"})
		}, "is sealed with another value under the same name", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := committed(t)
			c.breakIt(t, dir)
			answers := healthy(t, "minikube", image, set)
			answers[clustertest.AskSealed] = clustertest.SealedIn(t, set, func(name string, o clustertest.Object) {
				if name == "session-db-verifier" {
					o["status"] = clustertest.Failed("field is immutable")
				}
			})
			told := false
			for _, f := range doctor.Examine(t.Context(), answers.Cluster(dir, "minikube"), false) {
				for _, checkout := range regexp.MustCompile(`git checkout (?:COMMIT )?-- (\S+)`).FindAllStringSubmatch(f.Fix, -1) {
					if work := uncommitted(t, dir, checkout[1]); work != "" && !strings.Contains(f.Fix, "set them aside: git stash push ") {
						t.Errorf("%s: %s\nthrows away %s", f.Problem, f.Fix, work)
					}
				}
				if strings.Contains(f.Problem, c.says) {
					told = true
					if c.clean != strings.Contains(f.Fix, "git checkout -- "+filepath.Join(dir, development)) || !c.clean && !strings.Contains(f.Fix, "git stash push ") {
						t.Errorf("%s: %s", f.Problem, f.Fix)
					}
				}
			}
			if !told {
				t.Errorf("no problem with %q", c.says)
			}
		})
	}
}

// uncommitted is the work below a path that is not committed; files that are missing are none.
func uncommitted(t *testing.T, dir, path string) (work string) {
	t.Helper()
	relative, err := filepath.Rel(dir, path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "git", "status", "--porcelain", "--", relative)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, " D ") {
			work += line
		}
	}
	return work
}
