package devstack

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"auth.books.test/internal/wholefile"
)

// postgresPassword reads the password of our Postgres. It creates one only if there is no
// data yet, because existing data has the password with which it was created.
func postgresPassword(file, dir string, exists bool) (string, error) {
	if !exists {
		return password(file)
	}
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the password of Postgres: %w", err)
	}
	kept := strings.TrimSpace(string(b))
	if kept == "" {
		return "", fmt.Errorf("%s is missing or empty, but the data in %s has the password that was in it: restore the file, or delete the data with `make clean`", file, dir)
	}
	return kept, nil
}

// password reads the password of a store that gets it at each start, or creates one.
func password(file string) (string, error) {
	fresh := rand.Text() + "\n"
	b, err := wholefile.ReadOrCreate(file, 0o600, func() []byte { return []byte(fresh) })
	if err != nil {
		return "", fmt.Errorf("store the password: %w", err)
	}
	if kept := strings.TrimSpace(string(b)); kept != "" {
		return kept, nil
	}
	if err := wholefile.Replace(file, []byte(fresh), 0o600); err != nil {
		return "", fmt.Errorf("store the password: %w", err)
	}
	return strings.TrimSpace(fresh), nil
}
