package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"auth.books.test/internal/cluster/clustertest"
)

func TestNewServiceSaysWhatItMadeAndWhatComesNext(t *testing.T) {
	dir := clustertest.Clone(t)
	port := func(out string) int {
		t.Helper()
		found := regexp.MustCompile(`it serves at http://127\.0\.0\.1:(\d+)\n`).FindStringSubmatch(out)
		if found == nil {
			t.Fatalf("it says no port: %s", out)
		}
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// Names that no service of anybody's has.
	out := must(t, "", "new-service", "q7-try-out", "--dir", dir)
	for _, says := range []string{"files were made", "  services/q7-try-out\n", "  kustomize/base/kustomization.yaml\n", "  internal/manifest/testdata/gke.yaml\n", "go test ./services/q7-try-out\n"} {
		if !strings.Contains(out, says) {
			t.Errorf("it does not say %q: %s", says, out)
		}
	}
	// What it made is committed, and the next one follows at the next port.
	clustertest.Commit(t, dir)
	if again := must(t, "", "new-service", "q7-try-again", "--dir", dir); port(again) != port(out)+1 {
		t.Errorf("the second: %s", again)
	}
	if out, err := do(t, "", "new-service", "q7-try-out", "--dir", dir); err == nil || out != "" {
		t.Errorf("made twice: %s", out)
	}
}
