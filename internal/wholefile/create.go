package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Create writes a file that must not exist yet. If several processes or goroutines call it
// at once, one succeeds; the others get fs.ErrExist, and can then read the whole file.
func Create(name string, content []byte, perm fs.FileMode) error {
	p, err := prepare(name, content, perm)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	// A link, unlike a rename, fails if the name is taken.
	err = os.Link(p.Name(), name)
	if noLinks(err) {
		// FAT and some shared folders have no links. There, another process could still take
		// the name between these two calls.
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

// ReadOrCreate returns the content of a file. If the file does not exist, it is created
// with what fresh returns. Concurrent callers all get the content of the first.
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
