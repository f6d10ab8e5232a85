package layout_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// walk calls f for each file of the repository, by its path from the root.
func walk(t *testing.T, f func(name string)) {
	t.Helper()
	skip := map[string]bool{".git": true, ".dev": true, "bin": true, "node_modules": true}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skip[d.Name()] {
				return filepath.SkipDir
			}
			return nil
		}
		name, err := filepath.Rel(root, path)
		f(filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// documents are the Markdown files, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	walk(t, func(name string) {
		if strings.HasSuffix(name, ".md") {
			all[name] = read(t, name)
		}
	})
	if len(all) < 10 {
		t.Fatalf("only %d documents", len(all))
	}
	return all
}

// anchor is the address of a heading, as GitHub makes it.
func anchor(heading string) string {
	heading = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	heading = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
	return strings.ReplaceAll(heading, " ", "-")
}

func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		all[anchor(heading[1])] = true
	}
	return all
}

// broken are the relative links of a document that lead nowhere.
func broken(t *testing.T, name, text string) (found []string) {
	t.Helper()
	for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
		to, fragment, _ := strings.Cut(link[1], "#")
		if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
			continue
		}
		target := filepath.ToSlash(filepath.Join(filepath.Dir(name), to))
		if to == "" {
			target = name
		}
		if _, err := os.Stat(filepath.Join(root, target)); target != name && err != nil || strings.HasPrefix(target, "..") {
			found = append(found, link[1])
			continue
		}
		content := text
		if target != name && fragment != "" {
			content = read(t, target)
		}
		if fragment != "" && strings.HasSuffix(target, ".md") && !anchors(content)[fragment] {
			found = append(found, link[1])
		}
	}
	return found
}

func TestEveryRelativeLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	for name, text := range documents(t) {
		for _, link := range broken(t, name, text) {
			t.Errorf("%s leads to %s, which is not there", name, link)
		}
	}
}

// The check finds what is broken, and lets the rest be.
func TestBrokenLinksAreFound(t *testing.T) {
	t.Parallel()
	text := "# A heading, with `code`\n[a](../README.md) [b](#a-heading-with-code) [c](https://books.test/x) [d](gke.md)\n" +
		"[e](nothing.md) [f](#no-heading) [g](../README.md#no-heading) [h](../../outside.md)"
	if found := strings.Join(broken(t, "docs/x.md", text), " "); found != "nothing.md #no-heading ../README.md#no-heading ../../outside.md" {
		t.Errorf("found %q", found)
	}
}

// tests are the names of all test functions, and of the benchmarks and examples.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	walk(t, func(name string) {
		if !strings.HasSuffix(name, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				all[f.Name.Name] = true
			}
		}
	})
	return all
}

func TestEveryTestThatADocumentNamesExists(t *testing.T) {
	t.Parallel()
	there := tests(t)
	named := 0
	texts := documents(t)
	// go test runs nothing, and succeeds, where -run names no test.
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	texts["Makefile"] = string(makefile)
	if strings.Contains(texts["Makefile"], "-run") != regexp.MustCompile(`-run '?Test[A-Z]`).MatchString(texts["Makefile"]) {
		t.Error("the Makefile gives -run something else than a test's whole name, which nobody can check")
	}
	for name, text := range texts {
		for _, test := range regexp.MustCompile(`\b(?:Test|Benchmark|Fuzz)[A-Z]\w+`).FindAllString(text, -1) {
			named++
			if !there[test] {
				t.Errorf("%s names %s, which is not there", name, test)
			}
		}
	}
	if named < 10 || there["TestThatIsNotThere"] {
		t.Errorf("%d tests are named", named)
	}
}

// A rule of the manifests is named by what it says, between quotes.
func TestEveryRuleThatADocumentNamesExists(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	walk(t, func(name string) {
		if strings.HasPrefix(name, "internal/manifest/") && strings.HasSuffix(name, "_test.go") {
			source.WriteString(read(t, name))
		}
	})
	for name, text := range documents(t) {
		for _, rule := range regexp.MustCompile(`rules? "([^"]+)"`).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(source.String(), `{name: "`+rule[1]+`"`) {
				t.Errorf("%s names the rule %q, which is not there", name, rule[1])
			}
		}
	}
}
