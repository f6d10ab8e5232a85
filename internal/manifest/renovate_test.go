package manifest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// renovate is the part of renovate.json that the test reads.
type renovate struct {
	EnabledManagers []string
	CustomManagers  []customManager
	Kustomize       struct{ PinDigests bool }
	Dockerfile      struct{ PinDigests bool }
	PackageRules    []packageRule
}

type packageRule struct {
	MatchFileNames []string
	PinDigests     bool
}

type customManager struct {
	CustomType, Description string
	ManagerFilePatterns     []string
	MatchStrings            []string
	DatasourceTemplate      string
	DepNameTemplate         string
}

func readRenovate(t *testing.T) (r renovate) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "renovate.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatalf("renovate.json: %v", err)
	}
	return r
}

// tracked are the files of the repository, with their content.
func tracked(t *testing.T) map[string][]byte {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("SKIPPED: this test asks git which files there are: %v", err)
	}
	files := map[string][]byte{}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err == nil && !bytes.ContainsRune(text, 0) {
			files[name] = text
		}
	}
	return files
}

// versions matches third-party images by name and version, but not the host and port
// redis:6379.
func versions() *regexp.Regexp {
	return regexp.MustCompile(`\b(?:(?:postgres|redis|valkey|busybox|golang|debian|alpine|nginx|traefik|caddy|sealed-secrets-controller)|` +
		`(?:docker\.io|ghcr\.io|quay\.io|gcr\.io|registry\.k8s\.io|mcr\.microsoft\.com)/[a-z0-9./_-]+):v?\d{1,3}(?:\.\d+)*(?:-[a-z][\w.-]*)?(?:[^\w:]|$)`)
}

// matches says whether a manager finds the version at an offset of a file.
func (m customManager) matches(t *testing.T, name string, text []byte, offset int) bool {
	t.Helper()
	if !m.reads(name) {
		return false
	}
	for _, s := range m.MatchStrings {
		for _, at := range regexp.MustCompile(s).FindAllIndex(text, -1) {
			if at[0] <= offset && offset < at[1] {
				return true
			}
		}
	}
	return false
}

// reads says whether a manager reads a file.
func (m customManager) reads(name string) bool {
	return slices.ContainsFunc(m.ManagerFilePatterns, func(p string) bool {
		return regexp.MustCompile(strings.TrimSuffix(strings.TrimPrefix(p, "/"), "/")).MatchString(name)
	})
}

// builtIn says whether one of Renovate's own managers reads the line
// (docs.renovatebot.com, "Managers").
func (r renovate) builtIn(name, line string) bool {
	base := strings.ToLower(path.Base(name))
	switch {
	case base == "kustomization.yaml":
		return slices.Contains(r.EnabledManagers, "kustomize") && strings.Contains(line, "newTag:")
	case strings.Contains(base, "dockerfile"), strings.Contains(base, "containerfile"):
		return slices.Contains(r.EnabledManagers, "dockerfile") && (strings.HasPrefix(line, "FROM ") || strings.HasPrefix(line, "ARG "))
	case strings.HasPrefix(name, ".github/workflows/"):
		return slices.Contains(r.EnabledManagers, "github-actions") && (strings.Contains(line, "uses: docker://") || strings.Contains(line, "image: ") || strings.Contains(line, "container: "))
	}
	return false
}

func TestEveryVersionOfAnImageIsKeptFresh(t *testing.T) {
	t.Parallel()
	r := readRenovate(t)
	seen := 0
	for name, text := range tracked(t) {
		for _, at := range versions().FindAllIndex(text, -1) {
			start, end := bytes.LastIndexByte(text[:at[0]], '\n')+1, len(text)
			if i := bytes.IndexByte(text[at[0]:], '\n'); i >= 0 {
				end = at[0] + i
			}
			line := string(text[start:end])
			seen++
			if !r.builtIn(name, line) && !slices.ContainsFunc(r.CustomManagers, func(m customManager) bool { return m.matches(t, name, text, at[0]) }) {
				t.Errorf("%s: Renovate does not see the version in %q", name, strings.TrimSpace(line))
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d versions were found: the search is broken", seen)
	}
}

// Each custom manager finds something, has a description, and can update what it finds.
func TestRenovateIsSetUpForWhatIsThere(t *testing.T) {
	t.Parallel()
	r := readRenovate(t)
	files := tracked(t)
	for _, m := range r.CustomManagers {
		for _, pattern := range m.MatchStrings {
			e, finds := regexp.MustCompile(pattern), 0
			for name, text := range files {
				if m.reads(name) {
					finds += len(e.FindAllIndex(text, -1))
				}
			}
			named := m.DepNameTemplate != "" || slices.Contains(e.SubexpNames(), "depName")
			if finds == 0 || !named || !slices.Contains(e.SubexpNames(), "currentValue") || m.CustomType != "regex" || m.DatasourceTemplate == "" {
				t.Errorf("%s: %s finds %d", m.Description, pattern, finds)
			}
		}
	}
	// Rendered files take their digests from the list.
	if !slices.ContainsFunc(r.PackageRules, func(p packageRule) bool {
		return p.PinDigests && slices.Equal(p.MatchFileNames, []string{"internal/manifest/testdata/**"})
	}) {
		t.Error("the golden files do not follow a digest")
	}
	// Kustomize's is off by default.
	if !r.Kustomize.PinDigests || !r.Dockerfile.PinDigests {
		t.Error("digests are not pinned")
	}
	for manager, file := range map[string]string{"gomod": "go.mod", "kustomize": "kustomize/" + list, "dockerfile": "services/auth-api/Dockerfile", "github-actions": ".github/workflows/ci.yml"} {
		if !slices.Contains(r.EnabledManagers, manager) || files[file] == nil {
			t.Errorf("%s is not on, or %s not there", manager, file)
		}
	}
}
