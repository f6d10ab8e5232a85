//go:build apps

package apps_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// section is what docs/apps.md says of an app.
type section struct {
	t    *testing.T
	text string
}

func sectionOf(t *testing.T, app string) section {
	t.Helper()
	page, err := os.ReadFile("../../docs/apps.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "\n### "+app+"\n")
	if !found {
		t.Fatalf("docs/apps.md says nothing of %s", app)
	}
	text, _, _ = strings.Cut(text, "\n### ")
	return section{t, text}
}

var register = regexp.MustCompile("`(auth-api client create [^`]*)`")

// registers returns the command that registers the app.
func (s section) registers() string {
	s.t.Helper()
	found := register.FindStringSubmatch(s.text)
	if found == nil {
		s.t.Fatal("docs/apps.md registers no client")
	}
	return found[1]
}

// block returns the first block of a language.
func (s section) block(language string) string {
	s.t.Helper()
	_, text, found := strings.Cut(s.text, "\n```"+language+"\n")
	text, _, ended := strings.Cut(text, "\n```")
	if !found || !ended {
		s.t.Fatalf("docs/apps.md has no block of %s", language)
	}
	return text
}
