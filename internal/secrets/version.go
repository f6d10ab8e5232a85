package secrets

import (
	"fmt"
	"strconv"
	"strings"
)

// versionOf is 1 for NAME, 2 for NAME-v2, and 0 for another secret's.
func versionOf(full, name string) int {
	rest, found := strings.CutPrefix(full, name)
	if !found {
		return 0
	}
	if rest == "" {
		return 1
	}
	n, err := strconv.Atoi(strings.TrimPrefix(rest, "-v"))
	if err != nil || n < 2 || rest != fmt.Sprintf("-v%d", n) {
		return 0
	}
	return n
}

// BaseOf is the name of a secret without its version.
func BaseOf(name string) string {
	if i := strings.LastIndex(name, "-v"); i > 0 && versionOf(name, name[:i]) > 1 {
		return name[:i]
	}
	return name
}
