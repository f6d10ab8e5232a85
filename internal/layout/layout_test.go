package layout_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "auth.books.test/"

// pkg is a package and what it imports; tests of it apart.
type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// rule says what packages may not import.
type rule struct {
	name string
	// of says to which packages it applies.
	of func(path string) bool
	// bad says what they may not import.
	bad func(path, imported string) bool
	// tests says that it is for their tests too.
	tests bool
	// breach is an import that the rule must find.
	breach [2]string
}

func in(prefixes ...string) func(string) bool {
	return func(path string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
	}
}

func not(f func(string) bool) func(string) bool { return func(path string) bool { return !f(path) } }

func imports(prefixes ...string) func(_, imported string) bool {
	f := in(prefixes...)
	return func(_, imported string) bool { return f(imported) }
}

const (
	authAPI  = module + "services/auth-api"
	internal = authAPI + "/internal"

	helloworld  = module + "services/helloworld"
	fiberbearer = module + "verify/fiberbearer"
)

func rules() []rule {
	web := []string{"github.com/gofiber/fiber", "github.com/valyala/fasthttp", "github.com/danielgtaylor/huma", "github.com/swaggest/swgui"}
	return []rule{
		// The bench measures the bare libraries, to compare with them; the matrix tries
		// every middleware.
		{name: "only httpapi knows HTTP's libraries", of: not(in(internal+"/httpapi", fiberbearer, module+"test/bench", module+"test/matrix")),
			bad: imports(web...), tests: true, breach: [2]string{internal + "/session", "github.com/gofiber/fiber/v2"}},
		{name: "verify stands alone", of: in(module + "verify"), bad: func(_, imported string) bool {
			return strings.HasPrefix(imported, module) && !in(module+"verify")(imported)
		}, breach: [2]string{module + "verify", module + "schema"}},
		{name: "verify needs the standard library, and few of its packages one other library each", of: in(module + "verify"), bad: func(path, imported string) bool {
			return isForeign(imported) && !in(librariesOf(path)...)(imported)
		}, breach: [2]string{module + "verify/token", "github.com/gofiber/fiber/v2"}},
		{name: "Fiber comes to nobody by way of its middleware", of: not(in(internal+"/httpapi", fiberbearer, module+"test/matrix")),
			bad: imports(fiberbearer), tests: true, breach: [2]string{module + "verify", fiberbearer}},
		{name: "the smallest API needs verify, settings, a graceful stop, and nothing else of ours", of: in(helloworld), bad: func(_, imported string) bool {
			return strings.HasPrefix(imported, module) && !in(helloworld, module+"verify", module+"internal/setting", module+"internal/graceful")(imported)
		}, breach: [2]string{helloworld, module + "schema"}},
		{name: "parsers of settings know no setting's owner", of: in(module + "internal/setting"), bad: func(_, imported string) bool {
			return strings.HasPrefix(imported, module) && !in(module+"verify")(imported)
		}, breach: [2]string{module + "internal/setting", internal + "/config"}},
		{name: "schema stands alone", of: func(p string) bool { return in(module+"schema")(p) && p != module+"schema/schematest" }, bad: func(_, imported string) bool {
			return strings.HasPrefix(imported, module) && !in(module+"schema")(imported)
		}, breach: [2]string{module + "schema", internal + "/config"}},
		{name: "each package of auth-api imports only those of the layers below", of: in(internal), bad: func(path, imported string) bool {
			return in(internal)(imported) && (layer(imported) <= layer(path) || layer(imported) == len(layers()))
		}, breach: [2]string{internal + "/session", internal + "/login"}},
		{name: "only authorizations write tokens' records", of: not(in(internal+"/authorization", internal+"/access", internal+"/health", internal+"/sessiondb", internal+"/authtest")),
			bad: imports(internal + "/access"), breach: [2]string{internal + "/session", internal + "/access"}},
		{name: "services import neither commands nor manifests", of: in(module + "services"), bad: imports(module+"cmd", module+"internal/manifest"), tests: true,
			breach: [2]string{authAPI, module + "internal/manifest"}},
		{name: "the platform's tools import only those of the rows below, and no command line", of: func(path string) bool { return tool(path) < len(tools()) }, bad: func(path, imported string) bool {
			return in(module+"cmd", "github.com/spf13/cobra")(imported) || tool(imported) <= tool(path)
		}, breach: [2]string{module + "internal/secrets", module + "internal/doctor"}},
		{name: "services do not know each other", of: in(module + "services"), bad: func(path, imported string) bool {
			return in(module+"services")(imported) && service(path) != service(imported)
		}, tests: true, breach: [2]string{module + "services/helloworld", internal + "/session"}},
		{name: "containers are for tests' stores only", of: not(in(module + "internal/devstack/devtest")), bad: imports("github.com/testcontainers/testcontainers-go"), tests: true,
			breach: [2]string{module + "internal/devstack", "github.com/testcontainers/testcontainers-go/modules/redis"}},
		{name: "what serves tests is not in programs", of: not(in(module+"internal/devstack/devtest", module+"internal/servicetest", module+"internal/nodemodules", module+"schema/schematest", internal+"/authtest", module+"internal/cluster/clustertest")),
			bad: imports("testing", module+"internal/devstack/devtest", module+"internal/servicetest", module+"internal/nodemodules", module+"schema/schematest", internal+"/authtest", module+"internal/cluster/clustertest"), breach: [2]string{authAPI, "testing"}},
	}
}

// layers are the packages of auth-api from top to bottom; those of one line do not know
// each other. One that is new has to be put here.
func layers() [][]string {
	return [][]string{
		{"cli"},
		{"app", "authtest"},
		{"httpapi"},
		{"httpapi/forward", "httpapi/oauth", "httpapi/openid", "httpapi/page", "httpapi/rest"},
		{"httpapi/openapi", "httpapi/signin"},
		{"httpapi/request"},
		{"httpapi/connection", "httpapi/problem", "httpapi/route", "httpapi/strictjson"},
		{"export"},
		{"accountfile", "config", "health", "login", "oauth"},
		{"factor", "passkey", "personal", "session"},
		{"account", "client", "resource"},
		{"authorization"},
		{"audit", "code", "device", "idtoken", "mail", "refresh", "sessiondb"},
		{"access", "limit", "postgres", "servicekey", "password/worker"},
		{"password"},
		{"password/foreign"},
		{"fault"},
	}
}

// layer is that of a package, from 0 at the top; one that is in none may import nothing,
// and nobody may import it.
func layer(path string) int {
	name := strings.TrimPrefix(path, internal+"/")
	for n, names := range layers() {
		if slices.Contains(names, name) {
			return n
		}
	}
	return len(layers())
}

// tools are the packages of cmd/platform from top to bottom, below internal; those of one row do not know each other.
func tools() [][]string {
	return [][]string{
		{"environment"},
		{"adopt", "doctor", "scaffold"},
		{"secrets"},
		{"cluster", "credential", "worktree"},
		{"sealing", "manifest", "development", "wholefile"},
	}
}

// tool is the row of a package, from 0 at the top; any other package has the number of rows.
func tool(path string) int {
	name, found := strings.CutPrefix(path, module+"internal/")
	if i := slices.IndexFunc(tools(), func(names []string) bool { return found && slices.Contains(names, name) }); i >= 0 {
		return i
	}
	return len(tools())
}

// librariesOf gives the libraries that a package of verify may import.
func librariesOf(path string) []string {
	switch path {
	case fiberbearer:
		return []string{"github.com/gofiber/fiber/v2", "github.com/valyala/fasthttp"}
	case module + "verify/cache", module + "verify/direct":
		return []string{"github.com/redis/go-redis/v9"}
	case module + "verify/record":
		return []string{"github.com/google/uuid"}
	}
	return nil
}

func service(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, module+"services/"), "/")
	return name
}

// isForeign says whether a package comes neither from here nor with Go.
func isForeign(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".") && !strings.HasPrefix(path, module)
}

// breaches are the imports that a rule forbids.
func (r rule) breaches(packages []pkg) (found []string) {
	for _, p := range packages {
		if !r.of(p.ImportPath) {
			continue
		}
		all := slices.Clone(p.Imports)
		if r.tests {
			all = slices.Concat(all, p.TestImports, p.XTestImports)
		}
		for _, imported := range all {
			if r.bad(p.ImportPath, imported) {
				found = append(found, p.ImportPath+" imports "+imported)
			}
		}
	}
	return found
}

// packages are all of the module, with what only end-to-end tests compile.
func packages(t *testing.T) (all []pkg) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-tags=e2e", "-json=ImportPath,Imports,TestImports,XTestImports", module+"...")
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, &problems)
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsKeepTheRules(t *testing.T) {
	t.Parallel()
	all := packages(t)
	if len(all) < 15 {
		t.Fatalf("only %d packages", len(all))
	}
	for _, r := range rules() {
		for _, found := range r.breaches(all) {
			t.Errorf("%s: %s", r.name, found)
		}
	}
}

func TestEachRuleFindsItsBreach(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		if len(r.breaches([]pkg{{ImportPath: r.breach[0], Imports: []string{r.breach[1]}}})) != 1 {
			t.Errorf("%s: %s imports %s, and it is not found", r.name, r.breach[0], r.breach[1])
		}
	}
}
