package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	// File events of every system in one form; what the Go world uses.
	"github.com/fsnotify/fsnotify"
)

// debounce is how long no file may change before a build begins, since editors and git
// write many files in a row.
const debounce = 150 * time.Millisecond

// Options say what to build and run.
type Options struct {
	// Root is the directory that is watched, including all directories below it.
	Root string
	// Package is what go build builds, to the file Output.
	Package, Output string
	// Command is run after every successful build.
	Command []string
	Stdout  io.Writer
	Stderr  io.Writer
}

// Run builds and starts the program, and again after each change, until ctx ends. Then it
// stops the program.
func Run(ctx context.Context, o Options) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch files: %w", err)
	}
	defer watcher.Close()
	if err := add(watcher, o.Root); err != nil {
		return err
	}
	var running *child
	defer func() { running.stop() }()
	restart := func() {
		fmt.Fprintf(o.Stderr, "watch: building %s\n", o.Package)
		if err := build(ctx, o); err != nil {
			if ctx.Err() == nil {
				fmt.Fprintf(o.Stderr, "watch: %v\n", err)
			}
			return
		}
		running.stop()
		running = nil
		started, err := start(o)
		if err != nil {
			fmt.Fprintf(o.Stderr, "watch: %v\n", err)
			return
		}
		running = started
	}
	restart()

	changed := time.NewTimer(time.Hour)
	changed.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-watcher.Errors:
			fmt.Fprintf(o.Stderr, "watch: %v\n", err)
		case event := <-watcher.Events:
			if event.Has(fsnotify.Create) && isDir(event.Name) {
				if err := add(watcher, event.Name); err != nil {
					fmt.Fprintf(o.Stderr, "watch: %v\n", err)
				}
				changed.Reset(debounce)
			}
			if isSource(event.Name) && !event.Has(fsnotify.Chmod) {
				changed.Reset(debounce)
			}
		case <-changed.C:
			restart()
		case <-running.done():
			fmt.Fprintln(o.Stderr, "watch: the program ended; it starts again at the next change")
			running = nil
		}
	}
}

// add watches a directory and all directories below it.
func add(watcher *fsnotify.Watcher, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return fmt.Errorf("watch %s: %w", path, err)
		}
		if !entry.IsDir() {
			return nil
		}
		if path != root && slices.Contains([]string{".git", ".dev", "bin", "node_modules"}, entry.Name()) {
			return filepath.SkipDir
		}
		if err := watcher.Add(path); err != nil {
			return fmt.Errorf("watch %s: %w", path, err)
		}
		return nil
	})
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// isSource says whether a change of a file may change the program: code and embedded files.
func isSource(path string) bool {
	return slices.Contains([]string{".go", ".hcl", ".txt", ".mod"}, filepath.Ext(path)) && !strings.HasSuffix(path, "_test.go")
}

// build builds to a temporary file and renames it, so that the running program's file is
// not overwritten. It does not stamp the version, since git refuses to work in a clone that
// belongs to another user.
func build(ctx context.Context, o Options) error {
	fresh := o.Output + ".new"
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", fresh, o.Package)
	cmd.Dir = o.Root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	if err := os.Rename(fresh, o.Output); err != nil {
		return fmt.Errorf("rename the new build: %w", err)
	}
	return nil
}
