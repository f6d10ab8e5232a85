package adopt

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"auth.books.test/internal/wholefile"
	"auth.books.test/internal/worktree"
)

// rewriter replaces the names of a repository in a text.
type rewriter struct {
	from, to Names
	// imports finds the module's path before a folder of the module, directives finds it
	// in go.mod and in the go commands of the pages. The path alone could be the name of
	// the host, which is the same in the sample.
	imports, directives *regexp.Regexp
	// namespaces finds the namespace where it is told that it is one: in manifests, commands,
	// paths of the API, tests and pages. The word alone stands for much else.
	namespaces *regexp.Regexp
	// services have a host of their own each, of their name.
	services []string
}

func newRewriter(from, to Names, folders, services []string) rewriter {
	path := regexp.QuoteMeta(from.Module)
	return rewriter{
		from: from, to: to, services: services,
		imports:    regexp.MustCompile(`(^|[^/@.\w-])` + path + `(/(?:(?:` + strings.Join(folders, "|") + `)(?:[^\w-]|$)|\.\.\.|"))`),
		directives: regexp.MustCompile(`(?m)((?:^module|-replace) )` + path + `($|=)`),
		namespaces: regexp.MustCompile("((?:--namespace|-n)[= ]|[Nn]amespaces?[\\s:=!,\"`/]{1,8}|kind: Namespace\\nmetadata:\\n  name: |kubernetes\\.io/metadata\\.name: |sealed for |template is )" + regexp.QuoteMeta(from.Namespace) + `($|[^\w.-])`),
	}
}

// rewrite gives the text with the new names.
func (r rewriter) rewrite(text string) string {
	module := "${1}" + r.to.Module + "${2}"
	text = replaceAll(r.imports, text, module)
	text = replaceAll(r.directives, text, module)
	text = strings.ReplaceAll(text, r.from.Registry, r.to.Registry)
	dashed := func(domain string) string { return "auth-" + strings.ReplaceAll(domain, ".", "-") }
	// Pages of the domain itself may call the service, see AUTH_API_CORS_ORIGINS.
	pairs := [][2]string{{"https://" + r.from.Domain, "https://" + r.to.Domain}, {"auth." + r.from.Domain, "auth." + r.to.Domain}, {dashed(r.from.Domain), dashed(r.to.Domain)}}
	for _, name := range r.services {
		// The second is of Minikube, where the sample's other hosts have a domain of their own.
		pairs = append(pairs, [2]string{name + "." + r.from.Domain, name + "." + r.to.Domain}, [2]string{name + ".test", name + "." + r.to.Domain})
	}
	for _, pair := range pairs {
		text = replaceWhole(text, pair[0], pair[1])
	}
	return replaceAll(r.namespaces, text, "${1}"+r.to.Namespace+"${2}")
}

// replaceWhole replaces a host name where it is not a part of a longer one.
func replaceWhole(text, from, to string) string {
	return replaceAll(regexp.MustCompile(`(^|[^\w.-])`+regexp.QuoteMeta(from)+`([^\w-]|$)`), text, "${1}"+to+"${2}")
}

// replaceAll replaces twice, since the character between two names belongs to the matches
// of both. No name holds a dollar sign.
func replaceAll(find *regexp.Regexp, text, by string) string {
	return find.ReplaceAllString(find.ReplaceAllString(text, by), by)
}

// Rewrite replaces the names in every file that git knows, and tells which files changed.
// Sealed secrets are left out: they are made anew.
func Rewrite(ctx context.Context, dir string, from, to Names) (changed []string, err error) {
	files, err := worktree.Files(ctx, dir)
	if err != nil {
		return nil, err
	}
	r := newRewriter(from, to, folders(files), services(files))
	for _, name := range files {
		did, err := r.file(filepath.Join(dir, name))
		if err != nil {
			return changed, fmt.Errorf("rewrite %s: %w", name, err)
		}
		if did {
			changed = append(changed, name)
		}
	}
	return changed, nil
}

func (r rewriter) file(path string) (changed bool, err error) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	before, err := os.ReadFile(path)
	if err != nil || !utf8.Valid(before) || bytes.IndexByte(before, 0) >= 0 {
		return false, err
	}
	after := []byte(r.rewrite(string(before)))
	if bytes.Equal(before, after) {
		return false, nil
	}
	if filepath.Ext(path) == ".go" {
		if after, err = format.Source(after); err != nil {
			return false, err
		}
	}
	return true, wholefile.Replace(path, after, info.Mode().Perm())
}

// folders are the top-level folders that hold Go files.
func folders(files []string) (names []string) {
	for _, file := range files {
		if first, _, nested := strings.Cut(file, "/"); nested && filepath.Ext(file) == ".go" && !slices.Contains(names, first) {
			names = append(names, first)
		}
	}
	return names
}

// services are those of the folder of that name, but for auth-api, which is called auth.
func services(files []string) (names []string) {
	for _, file := range files {
		if name, found := strings.CutPrefix(path.Dir(file), "services/"); found && path.Base(file) == "Dockerfile" && name != "auth-api" {
			names = append(names, name)
		}
	}
	return names
}

// RewriteText gives a text that names hosts and registry by the names to. services are those
// that have a host of their name.
func RewriteText(from, to Names, services []string, text string) string {
	return newRewriter(from, to, nil, services).rewrite(text)
}
