package scaffold

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Template is the service that is copied.
const Template = "helloworld"

// label is a DNS label that begins with a letter. It is short, since a label of Kubernetes has
// 63 characters at most, and names of pods are longer than that of the service.
var label = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`)

// check refuses what is no name of a service, in any repository.
func check(name string) error {
	switch {
	case !label.MatchString(name), strings.Contains(name, "--"):
		return fmt.Errorf("%q is no name of a service: write a DNS label of at most 40 lower-case letters, digits and single hyphens that begins with a letter. Example: order-book", name)
	case slices.Contains([]string{"internal", "testdata", "vendor"}, name):
		return fmt.Errorf("%s means something else to Go, as the name of a folder: choose another name", name)
	case name == "kubernetes":
		return errors.New("kubernetes: Kubernetes sets variables that begin with KUBERNETES_: choose another name")
	}
	return nil
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

// variable is the prefix of the service's settings: ORDER_BOOK.
func variable(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// identifier is the name within Go's names: OrderBook.
func identifier(name string) string {
	var all strings.Builder
	for part := range strings.SplitSeq(name, "-") {
		all.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return all.String()
}

// rename puts the name in the place of the template's.
func rename(text, name string) string {
	return strings.NewReplacer(Template, name, variable(Template), variable(name), identifier(Template), identifier(name)).Replace(text)
}
