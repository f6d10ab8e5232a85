package layout_test

import (
	"regexp"
	"testing"
)

func TestTheReadmeNamesTheVersionOfGoThatIsNeeded(t *testing.T) {
	t.Parallel()
	needed := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(read(t, "go.mod"))
	if needed == nil {
		t.Fatal("go.mod names no version")
	}
	readme := read(t, "README.md")
	for _, pattern := range []string{`All you need is Go (\d[\d.]*\d) or newer`, `building auth-api with go(\S+):`} {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(readme); found == nil || found[1] != needed[1] {
			t.Errorf("README says %q, go.mod %s", found, needed[1])
		}
	}
}
