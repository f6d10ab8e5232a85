package devstack

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// password reads the password that a store of ours has, or makes one.
func password(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err == nil && len(strings.TrimSpace(string(b))) > 0 {
		return strings.TrimSpace(string(b)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read a store's password: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", fmt.Errorf("make the stores' directory: %w", err)
	}
	made := rand.Text()
	if err := os.WriteFile(file, []byte(made+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep a store's password: %w", err)
	}
	return made, nil
}
