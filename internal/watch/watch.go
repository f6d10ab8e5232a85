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

// settle is how long the files must be quiet: editors and git write many.
const settle = 150 * time.Millisecond

// Options say what to build and run.
type Options struct {
	// Root is the directory that is watched, with all in it.
	Root string
	// Package is what is built, as for go build, to the file Output.
	Package, Output string
	// Command is run after every build that succeeds.
	Command []string
	Stdout  io.Writer
	Stderr  io.Writer
}

// Run builds, starts and watches until ctx ends; then it stops the program.
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

	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
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
				quiet.Reset(settle)
			}
			if isSource(event.Name) && !event.Has(fsnotify.Chmod) {
				quiet.Reset(settle)
			}
		case <-quiet.C:
			restart()
		case <-running.done():
			fmt.Fprintln(o.Stderr, "watch: the program ended; it starts again at the next change")
			running = nil
		}
	}
}

// add watches a directory and those in it.
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

// isSource says whether a file can change the program: code and what is embedded.
func isSource(path string) bool {
	return slices.Contains([]string{".go", ".hcl", ".txt", ".mod"}, filepath.Ext(path)) && !strings.HasSuffix(path, "_test.go")
}

// build writes beside the output first, so that what runs stays whole. It does not
// ask git, which refuses in a clone that belongs to another user.
func build(ctx context.Context, o Options) error {
	fresh := o.Output + ".new"
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", fresh, o.Package)
	cmd.Dir = o.Root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	if err := os.Rename(fresh, o.Output); err != nil {
		return fmt.Errorf("put the build in place: %w", err)
	}
	return nil
}
