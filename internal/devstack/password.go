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

// postgresPassword reads the password of our Postgres. If there is no data yet it
// makes one; data opens only with the password that it was made with.
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
		return "", fmt.Errorf("%s is missing or empty, and the data in %s opens with the password that was in it: put it back, or, to lose the data, `make clean`", file, dir)
	}
	return kept, nil
}

// password reads the password of a store that takes it anew at each start, or
// makes one.
func password(file string) (string, error) {
	fresh := rand.Text() + "\n"
	b, err := wholefile.ReadOrCreate(file, 0o600, func() []byte { return []byte(fresh) })
	if err != nil {
		return "", fmt.Errorf("keep a store's password: %w", err)
	}
	if kept := strings.TrimSpace(string(b)); kept != "" {
		return kept, nil
	}
	if err := wholefile.Replace(file, []byte(fresh), 0o600); err != nil {
		return "", fmt.Errorf("keep a store's password: %w", err)
	}
	return strings.TrimSpace(fresh), nil
}
