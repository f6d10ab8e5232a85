package devstack

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// findPostgres returns the directory of initdb and postgres: from PATH, otherwise the newest
// version in the usual places.
func findPostgres() (bin string, found bool) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && isProgram(filepath.Join(filepath.Dir(path), "postgres")) {
			return filepath.Dir(path), true
		}
	}
	var places []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		matches, _ := filepath.Glob(pattern)
		places = append(places, matches...)
	}
	slices.SortFunc(places, func(a, b string) int { return versionIn(b) - versionIn(a) })
	for _, place := range places {
		if isProgram(filepath.Join(place, "initdb")) && isProgram(filepath.Join(place, "postgres")) {
			return place, true
		}
	}
	return "", false
}

// findRedis returns the path of a Redis or Valkey server.
func findRedis() (path string, found bool) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
		for _, dir := range []string{"/opt/homebrew/bin", "/usr/local/bin", "/opt/homebrew/opt/redis/bin", "/opt/homebrew/opt/valkey/bin"} {
			if path := filepath.Join(dir, name); isProgram(path) {
				return path, true
			}
		}
	}
	return "", false
}

// versionIn returns the version in a path such as /usr/lib/postgresql/17/bin.
func versionIn(place string) int {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, filepath.Base(filepath.Dir(place)))
	n, _ := strconv.Atoi(digits)
	return n
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}
