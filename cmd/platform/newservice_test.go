package main

import (
	"strings"
	"testing"

	"auth.books.test/internal/cluster/clustertest"
)

func TestNewServiceSaysWhatItMadeAndWhatComesNext(t *testing.T) {
	dir := clustertest.Clone(t)
	out := must(t, "", "new-service", "order-book", "--dir", dir)
	for _, says := range []string{"files were made", "  services/order-book\n", "  kustomize/base/kustomization.yaml\n", "  internal/manifest/testdata/gke.yaml\n", "go test ./services/order-book\n", "http://127.0.0.1:18002\n"} {
		if !strings.Contains(out, says) {
			t.Errorf("it does not say %q: %s", says, out)
		}
	}
	// What it says first leads to a tree that takes the next one, at the next port.
	clustertest.Commit(t, dir)
	if out := must(t, "", "new-service", "cart", "--dir", dir); !strings.Contains(out, "http://127.0.0.1:18003\n") {
		t.Errorf("the second: %s", out)
	}
	if out, err := do(t, "", "new-service", "order-book", "--dir", dir); err == nil || out != "" {
		t.Errorf("made twice: %s", out)
	}
}
