package matrix_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sources parses the package in the directory, without its tests.
func sources(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		t.Fatalf("no sources in %s", dir)
	}
	return files
}

// constants are the names of the constants that are declared with the type.
func constants(t *testing.T, dir, ofType string) (names []string) {
	t.Helper()
	for _, f := range sources(t, dir) {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, is := n.(*ast.ValueSpec); is {
				if typ, is := spec.Type.(*ast.Ident); is && typ.Name == ofType {
					for _, name := range spec.Names {
						names = append(names, name.Name)
					}
				}
			}
			return true
		})
	}
	return names
}

// methods are those with the name, as Type.Name; every exported one of any name
// if it is empty.
func methods(t *testing.T, dir, name string) (found []string) {
	t.Helper()
	for _, f := range sources(t, dir) {
		for _, decl := range f.Decls {
			fn, is := decl.(*ast.FuncDecl)
			if !is || fn.Recv == nil || !fn.Name.IsExported() || name != "" && fn.Name.Name != name {
				continue
			}
			receiver := fn.Recv.List[0].Type
			if star, is := receiver.(*ast.StarExpr); is {
				receiver = star.X
			}
			if id, is := receiver.(*ast.Ident); is && id.IsExported() {
				found = append(found, id.Name+"."+fn.Name.Name)
			}
		}
	}
	return found
}

func TestTableHasEveryEvent(t *testing.T) {
	t.Parallel()
	const internal = "../../services/auth-api/internal/"
	want := constants(t, internal+"authorization", "Reason")
	if len(want) < 3 {
		t.Fatalf("only %q are reasons", want)
	}
	// What ends nothing and makes no token narrower is no event. One session, or one personal
	// token, ends for a reason. What ends with a factor does so in acts of factor and passkey.
	for domain, harmless := range map[string][]string{
		"session":  {"Open", "List", "End"},
		"client":   {"Create", "Change", "Check", "Rotate", "DropOld", "Follow", "Reconcile", "ReconcileOnce", "Sweep", "SweepOnce"},
		"account":  {"Authenticate", "Create", "Export", "Import", "Invite", "Join", "Recall", "Rename", "RequestAddress", "RequestRegistration", "RequestReset", "Seed", "Unlock", "VerifyEmail", "WriteMisses", "WriteMissesOnce"},
		"factor":   {"Begin", "Challenge", "Challenged", "Check", "Spend", "SpendChallenge", "TurnOn", "Settle", "Tell", "NewRecoveryCodes", "Of", "About", "Sweep", "SweepOnce"},
		"passkey":  {"BeginAdd", "BeginSignIn", "BeginSecondStep", "Check", "Spend", "List", "Enabled", "Moved", "Sweep", "SweepOnce"},
		"personal": {"Create", "List", "Longest", "End", "EndAny"},
		"resource": {"Create", "CreateRole", "Assign", "AssignUnverified", "SetURL", "Describe"},
	} {
		for _, m := range methods(t, internal+domain, "") {
			if name, is := strings.CutPrefix(m, "Service."); is && !slices.Contains(harmless, name) {
				want = append(want, domain+"."+name)
			}
		}
	}
	want = append(want, "idle", "exp", "authorization.EndApp")
	var have []string
	for _, e := range events() {
		have = append(have, e.is)
	}
	same(t, have, want)
}

func TestTableHasEveryDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Routes that the document calls doors, and the one that shows whose a token is.
	want := []string{"GET /v1/accounts/me"}
	paths, _ := call(t, "GET", w.first+"/openapi.json", func(*http.Request) {}, nil).body["paths"].(map[string]any)
	for path, methods := range paths {
		operations, _ := methods.(map[string]any)
		for method, operation := range operations {
			fields, _ := operation.(map[string]any)
			if tags, _ := fields["tags"].([]any); slices.Contains(tags, any("Verification")) {
				want = append(want, strings.ToUpper(method)+" "+path)
			}
		}
	}
	if len(want) < 4 {
		t.Fatalf("the document calls only %q doors", want)
	}
	// Verifiers are what has a Verify, middleware is what has a Require.
	err := filepath.WalkDir("../../verify", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() == "testdata" {
			return err
		}
		if paths, _ := filepath.Glob(filepath.Join(path, "*.go")); len(paths) == 0 {
			return nil
		}
		for _, m := range methods(t, path, "Verify") {
			want = append(want, filepath.Base(path)+"."+strings.TrimSuffix(m, ".Verify"))
		}
		for _, f := range sources(t, path) {
			for _, decl := range f.Decls {
				if fn, is := decl.(*ast.FuncDecl); is && fn.Name.Name == "Require" {
					want = append(want, f.Name.Name)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, d := range w.doors(t) {
		have = append(have, d.is)
	}
	same(t, have, want)
}

func same(t *testing.T, have, want []string) {
	t.Helper()
	for _, list := range []*[]string{&have, &want} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	if !slices.Equal(have, want) {
		t.Errorf("the table has %q, the code has %q", have, want)
	}
}
