package scaffold

import (
	"fmt"
	"go/format"
	"path"
	"regexp"
	"strconv"
	"strings"

	"auth.books.test/internal/wholefile"
)

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
