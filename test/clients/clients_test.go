package clients_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	// What Go clients that are generated need; it stands in go.mod because of this.
	_ "github.com/oapi-codegen/runtime"
)

func TestAGoClientOfTheDocumentWorks(t *testing.T) {
	t.Parallel()
	s := serve(t)
	// A module of its own, with this one's versions: what is generated is not committed.
	dir := t.TempDir()
	for from, to := range map[string]string{"../../go.mod": "go.mod", "../../go.sum": "go.sum", "testdata/go/journey.go": "journey.go"} {
		copyFile(t, from, filepath.Join(dir, to))
	}
	for _, document := range []string{"/openapi.json", "/openapi-3.0.json"} {
		s.save(t, document, filepath.Join(dir, "openapi.json"))
		run(t, ".", nil, "go", "tool", "oapi-codegen", "-config", "testdata/go/oapi-codegen.yaml", "-o", filepath.Join(dir, "client.gen.go"), filepath.Join(dir, "openapi.json"))
		run(t, dir, nil, "go", "vet", ".")
	}
	run(t, dir, s.client(t), "go", "run", "-buildvcs=false", ".")
}

func TestATypeScriptClientOfTheDocumentWorks(t *testing.T) {
	t.Parallel()
	dir := project(t, "typescript", "testdata/typescript/tsconfig.json", "testdata/typescript/journey.ts")
	modules := filepath.Join(dir, "node_modules")
	s := serve(t)
	s.save(t, "/openapi.json", filepath.Join(dir, "openapi.json"))
	run(t, dir, nil, "node", filepath.Join(modules, "openapi-typescript/bin/cli.js"), "openapi.json", "-o", "api.d.ts")
	run(t, dir, nil, "node", filepath.Join(modules, "typescript/bin/tsc"), "-p", ".")
	run(t, dir, s.client(t), "node", "out/journey.js")
}

// run runs a command to its end; what it prints is told if it fails.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
