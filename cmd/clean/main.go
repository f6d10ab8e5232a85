// Command clean removes the folder in which `make run` and `make watch` keep their data,
// unless one of them still runs:
//
//	clean .dev .dev/watch
//
// The first folder is removed. The others are inside it, and have locks of their own.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"auth.books.test/internal/runlock"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folders []string) error {
	if len(folders) == 0 {
		return errors.New("usage: clean FOLDER [FOLDER...]")
	}
	if _, err := os.Stat(folders[0]); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var locks []*runlock.Lock
	for _, folder := range folders {
		lock, err := runlock.Acquire(folder)
		if err != nil {
			return explain(err)
		}
		defer lock.Release()
		locks = append(locks, lock)
	}
	return explain(locks[0].Clear())
}

func explain(err error) error {
	switch {
	case errors.Is(err, runlock.ErrHeld):
		return fmt.Errorf("nothing was removed: %w", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w\nSome files belong to another user, for example of a run as root: sudo env \"PATH=$PATH\" make clean", err)
	}
	return err
}
