package layout_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// publicModules gives, for each public package, the modules that come with it: what a
// program that imports it has to build, to update and to trust.
func publicModules() map[string][]string {
	redis := []string{"github.com/cespare/xxhash/v2", "github.com/redis/go-redis/v9", "go.uber.org/atomic", "golang.org/x/sys"}
	return map[string][]string{
		"verify":          nil,
		"verify/token":    nil,
		"verify/bearer":   nil,
		"verify/forward":  nil,
		"verify/storeurl": nil,
		"verify/record":   {"github.com/google/uuid"},
		"verify/cache":    redis,
		"verify/direct":   append(slices.Clone(redis), "github.com/google/uuid"),
		"verify/fiberbearer": {
			"github.com/andybalholm/brotli", "github.com/clipperhouse/uax29/v2", "github.com/gofiber/fiber/v2", "github.com/google/uuid", "github.com/klauspost/compress",
			"github.com/mattn/go-colorable", "github.com/mattn/go-isatty", "github.com/mattn/go-runewidth", "github.com/valyala/bytebufferpool", "github.com/valyala/fasthttp",
			"golang.org/x/sys",
		},
	}
}

// listed is a package as `go list -deps` tells of it.
type listed struct {
	ImportPath string
	Deps       []string
	Module     *struct{ Path string }
}

// closures gives the modules, other than this one and the standard library, of each
// package under verify and of all that it imports. Tests do not count.
func closures(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Deps,Module", module+"verify/...")
	// One platform, so that the list is the same on every machine.
	cmd.Env = append(cmd.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, &problems)
	}
	all := map[string]listed{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
	found := map[string][]string{}
	for path, p := range all {
		name, ours := strings.CutPrefix(path, module)
		if !ours {
			continue
		}
		modules := map[string]bool{}
		for _, dep := range p.Deps {
			if m := all[dep].Module; m != nil && m.Path+"/" != module {
				modules[m.Path] = true
			}
		}
		found[name] = slices.Sorted(maps.Keys(modules))
	}
	return found
}

// A module more is a decision: whoever adds one here says so to everybody who imports
// the package.
func TestPublicPackagesBringTheseModulesAndNoOthers(t *testing.T) {
	t.Parallel()
	found, want := closures(t), publicModules()
	if have, named := slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(want)); !slices.Equal(have, named) {
		t.Errorf("the packages under verify are %q, the list has %q", have, named)
	}
	for name, modules := range want {
		if slices.Sort(modules); !slices.Equal(found[name], modules) {
			t.Errorf("%s brings %q, want %q", name, found[name], modules)
		}
	}
}
