// Package runlock lets only one process at a time use a folder. `make run` holds the lock
// of .dev, and `make clean` needs it to remove anything. The package imports little, so
// that `make clean` compiles fast.
package runlock

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	// flock(2), which the standard library does not export.
	"golang.org/x/sys/unix"
)

// ErrHeld means that another process holds the lock.
var ErrHeld = errors.New("another run uses it")

// errRemoved means that the file was removed before it was locked.
var errRemoved = errors.New("the lock's file was removed")

// watchInterval is how often a holder checks whether its file is still in place.
const watchInterval = time.Second

// Lock is a lock that this process holds. The kernel releases it when the process
// ends, however it ends.
type Lock struct {
	file *os.File
	dir  string
}

// Acquire locks a folder, and creates it if it does not exist. If another process holds the
// lock, the error is ErrHeld and names that process.
func Acquire(dir string) (*Lock, error) {
	for {
		l, err := acquire(dir)
		if !errors.Is(err, errRemoved) {
			return l, err
		}
	}
}

func acquire(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		// The folder was removed between the two system calls of MkdirAll.
		if _, gone := os.Lstat(dir); errors.Is(err, fs.ErrExist) && errors.Is(gone, fs.ErrNotExist) {
			return nil, errRemoved
		}
		return nil, fmt.Errorf("make %s: %w", dir, err)
	}
	f, err := os.OpenFile(file(dir), os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errRemoved // `make clean` has removed the folder.
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	l := &Lock{file: f, dir: dir}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer l.Release()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", dir, err)
		}
		return nil, fmt.Errorf("%s: %w%s. Stop it first, with Ctrl-C in its terminal", dir, ErrHeld, holder(f))
	}
	// The previous holder may have removed the file. A lock on a removed file keeps nobody
	// out.
	if !l.inPlace() {
		l.Release()
		return nil, errRemoved
	}
	if err := l.sign(); err != nil {
		l.Release()
		return nil, err
	}
	return l, nil
}

func file(dir string) string { return filepath.Join(dir, "lock") }

// sign writes the process id into the file, for the error of ErrHeld. Nothing depends on
// it, so a full disk is ignored.
func (l *Lock) sign() error {
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("lock %s: %w", l.dir, err)
	}
	_, _ = l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return nil
}

// holder is " (process 123)", or empty if the process id cannot be read.
func holder(f io.ReaderAt) string {
	b := make([]byte, 20)
	n, _ := f.ReadAt(b, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}

// inPlace says whether the locked file is still the one that others would open.
func (l *Lock) inPlace() bool {
	ours, err := l.file.Stat()
	if err != nil {
		return false
	}
	theirs, err := os.Stat(file(l.dir))
	return err == nil && os.SameFile(ours, theirs)
}

// Lost returns a channel that is closed when the lock's file is removed, for example by
// `rm -r .dev`. Another run may then begin, so the holder has to stop. Closing done stops
// the check.
func (l *Lock) Lost(done <-chan struct{}) <-chan struct{} {
	lost := make(chan struct{})
	go func() {
		ticker := time.NewTicker(watchInterval)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				if !l.inPlace() {
					close(lost)
					return
				}
			}
		}
	}()
	return lost
}

// Release releases the lock. The file remains.
func (l *Lock) Release() { _ = l.file.Close() }

// Clear removes the folder and everything in it, the lock's file last, and
// releases the lock.
func (l *Lock) Clear() error {
	defer l.Release()
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return fmt.Errorf("clear %s: %w", l.dir, err)
	}
	var failed []error
	for _, e := range entries {
		if e.Name() != filepath.Base(file(l.dir)) {
			failed = append(failed, os.RemoveAll(filepath.Join(l.dir, e.Name())))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("clear %s: %w", l.dir, err)
	}
	if err := os.Remove(file(l.dir)); err != nil {
		return fmt.Errorf("clear %s: %w", l.dir, err)
	}
	// From here on the next run may begin, so the folder may have files again.
	if err := os.Remove(l.dir); err != nil && !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clear %s: %w", l.dir, err)
	}
	return nil
}
