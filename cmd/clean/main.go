// Command clean removes what `make run` keeps in a folder, unless a run still
// uses it: `clean .dev`.
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

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: clean FOLDER")
	}
	if _, err := os.Stat(args[0]); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := runlock.Acquire(args[0])
	if err == nil {
		err = lock.Clear()
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w\nsome files belong to another user: run 'sudo make clean'", err)
	}
	return err
}
