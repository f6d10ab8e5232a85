package layout_test

import (
	"slices"
	"testing"
)

const (
	fiber    = "github.com/gofiber/fiber/v2"
	huma     = "github.com/danielgtaylor/huma/v2/adapters/humafiber"
	devtest  = module + "internal/devstack/devtest"
	manifest = module + "internal/manifest"
	other    = helloworld
)

// edges are imports that somebody could write one day, one breach each, and
// what may stay.
func edges() (forbidden, allowed [][2]string) {
	for _, domain := range []string{"account", "session", "access", "password", "fault", "health", "config", "a-new-one"} {
		forbidden = append(forbidden, [2]string{internal + "/" + domain, fiber}, [2]string{internal + "/" + domain, huma})
	}
	for _, domain := range []string{"account", "session", "access", "password", "fault", "health"} {
		forbidden = append(forbidden, [2]string{internal + "/" + domain, internal + "/httpapi"}, [2]string{internal + "/" + domain, internal + "/config"})
	}
	for _, public := range []string{"verify", "verify/token", "verify/bearer", "verify/fiberbearer", "schema"} {
		for _, imported := range []string{"services/auth-api", "services/auth-api/internal/session", "services/helloworld", "internal/devstack", "internal/manifest", "cmd/platform"} {
			forbidden = append(forbidden, [2]string{module + public, module + imported})
		}
	}
	for _, service := range []string{authAPI, internal + "/session", other, other + "/internal/page"} {
		forbidden = append(forbidden, [2]string{service, module + "cmd/platform"}, [2]string{service, manifest}, [2]string{service, devtest}, [2]string{service, "github.com/testcontainers/testcontainers-go"})
	}
	forbidden = append(forbidden,
		[2]string{authAPI, fiber}, [2]string{other, fiber}, [2]string{module + "internal/devstack", huma}, [2]string{module + "cmd/platform", fiber},
		[2]string{internal + "/httpapi2", fiber}, [2]string{module + "verify", fiber}, [2]string{module + "schema", fiber}, [2]string{module + "verify", "github.com/jackc/pgx/v5"},
		[2]string{internal + "/account", internal + "/session"}, [2]string{internal + "/authorization", internal + "/account"}, [2]string{internal + "/account", internal + "/resource"},
		[2]string{internal + "/login", internal + "/access"}, [2]string{internal + "/session", internal + "/a-new-one"}, [2]string{internal + "/fault", internal + "/postgres"},
		[2]string{module + "verify", "github.com/redis/go-redis/v9"}, [2]string{module + "verify/bearer", "github.com/redis/go-redis/v9"}, [2]string{module + "verify/record", "github.com/redis/go-redis/v9"},
		[2]string{authAPI, other}, [2]string{other, authAPI}, [2]string{other + "/internal/page", internal + "/session"},
		[2]string{module + "verify/bearer", fiber}, [2]string{module + "verify/bearer", fiberbearer}, [2]string{module + "verify", fiberbearer}, [2]string{other, fiberbearer},
		[2]string{fiberbearer, huma}, [2]string{fiberbearer, "github.com/jackc/pgx/v5"}, [2]string{fiberbearer + "2", fiber},
		[2]string{other, module + "schema"}, [2]string{other, module + "internal/sealing"}, [2]string{other + "/internal/page", module + "internal/devstack"},
		[2]string{module + "internal/secrets", module + "internal/doctor"}, [2]string{module + "internal/cluster", module + "internal/secrets"}, [2]string{module + "internal/cluster", module + "internal/credential"},
		[2]string{module + "internal/sealing", module + "internal/credential"}, [2]string{module + "internal/doctor", "github.com/spf13/cobra"}, [2]string{module + "internal/secrets", module + "cmd/platform"},
		// One name begins with the other's.
		[2]string{module + "services/auth-api-admin", internal + "/session"}, [2]string{authAPI, module + "services/auth"},
		[2]string{module + "internal/devstack", "github.com/testcontainers/testcontainers-go/modules/postgres"}, [2]string{module + "internal/devstack/devtest2", "github.com/testcontainers/testcontainers-go"},
		[2]string{module + "internal/devstack", devtest}, [2]string{module + "cmd/platform", devtest}, [2]string{module + "schema", devtest},
	)
	allowed = [][2]string{
		{internal + "/httpapi", fiber}, {internal + "/httpapi", huma}, {internal + "/httpapi", internal + "/session"}, {internal + "/account", internal + "/password"},
		{internal + "/config", internal + "/password"}, {internal + "/login", internal + "/session"}, {internal + "/account", internal + "/authorization"}, {internal + "/authorization", internal + "/access"}, {authAPI, internal + "/httpapi"}, {authAPI, module + "verify"}, {authAPI, module + "schema"}, {authAPI, module + "internal/devstack"},
		{module + "verify", module + "verify/token"}, {module + "verify/direct", "github.com/redis/go-redis/v9"}, {module + "verify/record", "github.com/google/uuid"}, {module + "schema", "ariga.io/atlas/sql/migrate"},
		{devtest, "github.com/testcontainers/testcontainers-go"}, {devtest, module + "internal/devstack"}, {devtest, "testing"}, {module + "cmd/platform", manifest}, {module + "cmd/platform", module + "internal/doctor"}, {module + "internal/doctor", module + "internal/secrets"}, {module + "internal/secrets", module + "internal/sealing"}, {module + "internal/credential", module + "verify/token"}, {module + "test/bench", fiber},
		{fiberbearer, fiber}, {fiberbearer, module + "verify/bearer"}, {module + "verify/bearer", module + "verify"}, {internal + "/httpapi", fiberbearer},
		{other, module + "verify"}, {other, module + "verify/bearer"}, {other, "github.com/redis/go-redis/v9"}, {other + "/internal/page", other + "/internal/book"}, {module + "schema/schematest", module + "schema"},
	}
	return forbidden, allowed
}

func found(packages ...pkg) (all []string) {
	for _, r := range rules() {
		all = append(all, r.breaches(packages)...)
	}
	return all
}

func TestForbiddenImportsAreFoundAndOthersLeftAlone(t *testing.T) {
	t.Parallel()
	forbidden, allowed := edges()
	for _, edge := range forbidden {
		if len(found(pkg{ImportPath: edge[0], Imports: []string{"context", edge[1]}})) == 0 {
			t.Errorf("%s may import %s", edge[0], edge[1])
		}
	}
	for _, edge := range allowed {
		if all := found(pkg{ImportPath: edge[0], Imports: []string{"context", edge[1]}}); len(all) != 0 {
			t.Errorf("forbidden: %v", all)
		}
	}
}

// Each rule earns its place: some forbidden import is found by it alone.
func TestNoRuleIsIdle(t *testing.T) {
	t.Parallel()
	forbidden, _ := edges()
	for _, r := range rules() {
		forbidden = append(forbidden, r.breach)
	}
	for _, r := range rules() {
		if !slices.ContainsFunc(forbidden, func(edge [2]string) bool {
			p := pkg{ImportPath: edge[0], Imports: []string{edge[1]}}
			return len(r.breaches([]pkg{p})) == 1 && len(found(p)) == 1
		}) {
			t.Errorf("%s: other rules find all that it finds", r.name)
		}
	}
}

// Stores for tests are what tests may import; the rest holds for tests as well.
func TestImportsOfTestsCountWhereTheRuleSaysSo(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		for kind, p := range map[string]pkg{
			"of a test":              {ImportPath: r.breach[0], TestImports: []string{r.breach[1]}},
			"of a test from outside": {ImportPath: r.breach[0], XTestImports: []string{r.breach[1]}},
		} {
			if got := len(r.breaches([]pkg{p})); (got == 1) != r.tests {
				t.Errorf("%s, import %s: %d found, the rule is for tests too: %v", r.name, kind, got, r.tests)
			}
		}
	}
	for _, p := range []string{internal + "/session", module + "verify", module + "schema", authAPI} {
		if all := found(pkg{ImportPath: p, TestImports: []string{"testing", devtest}, XTestImports: []string{"testing", devtest}}); len(all) != 0 {
			t.Errorf("tests may not use stores: %v", all)
		}
	}
	for _, tests := range []pkg{{ImportPath: internal + "/session", XTestImports: []string{fiber}}, {ImportPath: authAPI, TestImports: []string{manifest}}, {ImportPath: other, XTestImports: []string{internal + "/session"}}} {
		if len(found(tests)) == 0 {
			t.Errorf("tests of %s may import anything", tests.ImportPath)
		}
	}
}

// A single wrong import among all that are there is found, and nothing else.
func TestOneWrongImportInTheRealModuleIsFound(t *testing.T) {
	t.Parallel()
	all := packages(t)
	if before := found(all...); len(before) != 0 {
		t.Fatalf("broken as it is: %v", before)
	}
	paths := map[string]int{}
	for i, p := range all {
		paths[p.ImportPath] = i
	}
	forbidden, _ := edges()
	tried := 0
	for _, edge := range forbidden {
		i, exists := paths[edge[0]]
		if !exists {
			continue // a package that could be there one day
		}
		tried++
		mutated := slices.Clone(all)
		mutated[i].Imports = append(slices.Clone(all[i].Imports), edge[1])
		if after := found(mutated...); len(after) == 0 || slices.ContainsFunc(after, func(s string) bool { return s != edge[0]+" imports "+edge[1] }) {
			t.Errorf("%s imports %s: found %v", edge[0], edge[1], after)
		}
	}
	if tried < 30 {
		t.Errorf("only %d of the imports begin at a package that is there: were packages renamed?", tried)
	}
	for _, domain := range []string{"account", "session", "access", "password", "fault", "health", "config", "httpapi"} {
		if _, exists := paths[internal+"/"+domain]; !exists {
			t.Errorf("there is no package %s: the rules name it", domain)
		}
	}
}
