package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	// Temporary file in the same folder, fsync, rename; Google's, small, and cared
	// for. It leaves the folder's own fsync to its callers.
	"github.com/google/renameio/v2"
)

// Replace creates or replaces a file. As with os.WriteFile, an existing file keeps its
// permissions, and a symbolic link keeps pointing to its file.
func Replace(name string, content []byte, perm fs.FileMode) error {
	return ReplaceInOrder(perm, File{Name: name, Content: content})
}

// File is a file to be written by ReplaceInOrder.
type File struct {
	Name    string
	Content []byte
}

// ReplaceInOrder replaces several files. All content is on the disk before the first file
// is replaced, so a full disk changes none of them. The files are replaced one after the
// other, in the given order.
func ReplaceInOrder(perm fs.FileMode, files ...File) (err error) {
	var pending []*renameio.PendingFile
	folders := map[string]bool{}
	defer func() {
		for _, p := range pending {
			if failed := p.Cleanup(); failed != nil && err == nil {
				err = fmt.Errorf("remove a temporary file: %w", failed)
			}
		}
	}()
	for _, file := range files {
		target, err := resolve(file.Name)
		if err != nil {
			return fmt.Errorf("write %s: %w", file.Name, err)
		}
		p, err := prepare(target, file.Content, perm, renameio.WithExistingPermissions())
		if err != nil {
			return fmt.Errorf("write %s: %w", file.Name, err)
		}
		pending = append(pending, p)
		folders[filepath.Dir(target)] = true
	}
	for _, p := range pending {
		if err := p.CloseAtomicallyReplace(); err != nil {
			return fmt.Errorf("rename a temporary file: %w", err)
		}
	}
	for folder := range folders {
		if err := FlushFolder(folder); err != nil {
			return err
		}
	}
	return nil
}

// resolve follows symbolic links: renaming over a link would replace the link.
func resolve(name string) (string, error) {
	target, err := filepath.EvalSymlinks(name)
	if errors.Is(err, fs.ErrNotExist) {
		return name, nil
	}
	return target, err
}

// prepare writes content to a temporary file and flushes it.
func prepare(name string, content []byte, perm fs.FileMode, options ...renameio.Option) (*renameio.PendingFile, error) {
	options = append(options, renameio.WithTempDir(filepath.Dir(name)), renameio.WithPermissions(perm))
	p, err := renameio.NewPendingFile(name, options...)
	if err != nil {
		return nil, err
	}
	if _, err = p.Write(content); err == nil {
		err = p.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, p.Cleanup())
	}
	return p, nil
}

// FlushFolder flushes a folder, so that the names in it survive a power cut.
func FlushFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("flush a folder: %w", err)
	}
	defer f.Close()
	// Some file systems cannot flush a folder, and return EINVAL.
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("flush %s: %w", folder, err)
	}
	return nil
}
