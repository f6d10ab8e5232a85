package layout_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// location is where something stood in an HTTP request.
var location = regexp.MustCompile(`^(body|query|path|header)\.[a-z_.]+$`)

func locationsIn(t *testing.T, name string, source any) (found []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, is := n.(*ast.BasicLit); is && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil && location.MatchString(text) {
				found = append(found, text)
			}
		}
		return true
	})
	return found
}

// The domain names a field; where it stood in a request only the edge knows, of which
// there are several.
func TestDomainKnowsNoPlaceInARequest(t *testing.T) {
	t.Parallel()
	const services = "../../services/auth-api/internal"
	tried := 0
	err := filepath.WalkDir(services, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(filepath.ToSlash(path), "/httpapi/") {
			return err
		}
		tried++
		for _, found := range locationsIn(t, path, nil) {
			t.Errorf("%s names %q", path, found)
		}
		return nil
	})
	if err != nil || tried == 0 {
		t.Errorf("%d files, %v", tried, err)
	}
	if got := locationsIn(t, "x.go", "package x\nconst a, b = \"body.email\", \"email\"\n"); len(got) != 1 {
		t.Errorf("the rule finds %q", got)
	}
}
