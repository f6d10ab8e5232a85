package scaffold

import (
	"context"
	"errors"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"auth.books.test/internal/manifest"
	"auth.books.test/internal/wholefile"
	"auth.books.test/internal/worktree"
)

// repository has the files of a clone that are about services, by path.
type repository struct {
	dir   string
	files map[string]string
}

func open(ctx context.Context, dir string) (repository, error) {
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "ls-files", "-z", "--", "services", "kustomize", "Tiltfile").Output()
	if err != nil {
		return repository{}, errors.New("this is no git repository, or git is missing: make services in a clone, so that what is added can be seen and taken back")
	}
	r := repository{dir: dir, files: map[string]string{}}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return repository{}, err
		}
		r.files[name] = string(text)
	}
	if len(r.folders()) == 0 {
		return repository{}, fmt.Errorf("there is no services/%s, of which new services are made: git checkout -- services/%[1]s kustomize", Template)
	}
	return r, nil
}

// names are the files in order.
func (r repository) names() []string {
	var all []string
	for name := range r.files {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// folders are those that are called as the template.
func (r repository) folders() (all []string) {
	for _, name := range r.names() {
		before, _, found := strings.Cut(name, "/"+Template+"/")
		if folder := before + "/" + Template; found && !slices.Contains(all, folder) {
			all = append(all, folder)
		}
	}
	return all
}

func sibling(folder, name string) string { return path.Join(path.Dir(folder), name) }

// goldens are the files that show what is applied.
func (r repository) goldens() (all []string) {
	for _, name := range []string{"gke.yaml", "minikube.yaml", "tilt.diff"} {
		all = append(all, path.Join(manifest.GoldenFolder, name))
	}
	return all
}

// free refuses a name that something else has.
func (r repository) free(name string) error {
	for _, folder := range r.folders() {
		if _, err := os.Lstat(filepath.Join(r.dir, sibling(folder, name))); err == nil {
			return fmt.Errorf("%s is there already: choose another name", sibling(folder, name))
		}
	}
	taken := regexp.MustCompile(`\bname: "?` + regexp.QuoteMeta(name) + `"?[\s,}]`)
	setting := regexp.MustCompile(`(?m)^(` + variable(name) + `_\w+)=`)
	for _, file := range r.names() {
		text := r.files[file]
		if strings.HasPrefix(file, "kustomize/") && taken.MatchString(text) {
			return fmt.Errorf("%s is the name of something in %s: choose another name", name, file)
		}
		// A program warns of variables that begin like its settings and are none.
		if found := setting.FindStringSubmatch(text); path.Ext(file) == ".env" && found != nil {
			return fmt.Errorf("%s: its settings would begin with %s_, as %s of %s does: choose another name", name, variable(name), found[1], file)
		}
	}
	if strings.Contains(r.files["Tiltfile"], "'"+name+"'") {
		return fmt.Errorf("%s is the name of something in the Tiltfile: choose another name", name)
	}
	return nil
}

// localPort is the annotation for the Tiltfile.
var localPort = regexp.MustCompile(`(/local-port: )"(\d+)"`)

// nextPort is the one after the highest that `tilt up` forwards to a service.
func (r repository) nextPort() string {
	highest := 18000
	for _, text := range r.files {
		for _, found := range localPort.FindAllStringSubmatch(text, -1) {
			if port, err := strconv.Atoi(found[2]); err == nil {
				highest = max(highest, port)
			}
		}
	}
	return strconv.Itoa(highest + 1)
}

// copies are the template's files under another name.
func (r repository) copies(name, port string) (files []wholefile.File, err error) {
	for _, file := range r.names() {
		before, within, found := strings.Cut(file, "/"+Template+"/")
		if !found {
			continue
		}
		content := []byte(localPort.ReplaceAllString(rename(r.files[file], name), `${1}"`+port+`"`))
		if path.Ext(file) == ".go" {
			if content, err = format.Source(content); err != nil {
				return nil, fmt.Errorf("copy %s: %w", file, err)
			}
		}
		files = append(files, wholefile.File{Name: path.Join(before, name, within), Content: content})
	}
	return files, nil
}

// lists are the kustomizations that name the template's folder, with a line more.
func (r repository) lists(name string) (files []wholefile.File, err error) {
	const line = "\n  - " + Template + "\n"
	for _, file := range r.names() {
		if text := r.files[file]; path.Base(file) == "kustomization.yaml" && strings.Contains(text, line) {
			files = append(files, wholefile.File{Name: file, Content: []byte(strings.Replace(text, line, line+"  - "+name+"\n", 1))})
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no kustomization lists %s", Template)
	}
	return files, nil
}

// unchanged refuses changes that are not committed, where the service comes from and where it
// is added: what is added could not be told from them.
func (r repository) unchanged(ctx context.Context, names []string) error {
	for _, name := range append(names, r.goldens()...) {
		changes, err := worktree.Changes(ctx, r.dir, name)
		if err != nil {
			return fmt.Errorf("ask git for changes of %s: %w", name, err)
		}
		if changes != "" {
			return fmt.Errorf("%s has changes that are not committed: commit them, or set them aside: %s", name, worktree.SetAside(name))
		}
	}
	return nil
}
