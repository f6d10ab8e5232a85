package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Create writes a file that must not exist yet. Of several callers at once, in
// this process or another, one succeeds; the others get an error that is
// fs.ErrExist, and then find the whole file.
func Create(name string, content []byte, perm fs.FileMode) error {
	p, err := prepare(name, content, perm)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	// A link, unlike a rename, fails if the name is taken.
	err = os.Link(p.Name(), name)
	if noLinks(err) {
		// FAT and some shared folders have no links. Between these two calls another
		// process could still take the name.
		if _, err = os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			err = p.CloseAtomicallyReplace()
		} else if err == nil {
			err = fs.ErrExist
		}
	}
	if err := errors.Join(err, p.Cleanup()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return FlushFolder(filepath.Dir(name))
}

func noLinks(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS)
}

// ReadOrCreate gives the content of a file. If there is no such file it is
// written with what fresh returns. Callers at the same time all get the content
// of the one that was first.
func ReadOrCreate(name string, perm fs.FileMode, fresh func() []byte) ([]byte, error) {
	b, err := os.ReadFile(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	content := fresh()
	err = Create(name, content, perm)
	if errors.Is(err, fs.ErrExist) {
		return os.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	return content, nil
}
