package scaffold

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"auth.books.test/internal/manifest"
	"auth.books.test/internal/wholefile"
)

// Service is what New made.
type Service struct {
	Name string
	// Files are new, Lists have a line more, Goldens were rendered anew. All are paths from the
	// repository's root.
	Files, Lists, Goldens []string
	// Port is that of `tilt up` on this machine.
	Port string
}

// New makes a service in a repository. It writes nothing if the name is refused, or where git
// shows changes, and takes back what it wrote if the overlays do not render with it.
func New(ctx context.Context, dir, name string) (s Service, err error) {
	if err := check(name); err != nil {
		return Service{}, err
	}
	r, err := open(ctx, dir)
	if err != nil {
		return Service{}, err
	}
	if err := r.free(name); err != nil {
		return Service{}, err
	}
	s = Service{Name: name, Port: r.nextPort()}
	added, err := r.copies(name, s.Port)
	if err != nil {
		return Service{}, err
	}
	lists, err := r.lists(name)
	if err != nil {
		return Service{}, err
	}
	if err := r.unchanged(ctx, append(r.folders(), paths(lists)...)); err != nil {
		return Service{}, err
	}
	before, err := r.originals(append(paths(lists), r.goldens()...))
	if err != nil {
		return Service{}, err
	}
	s.Files, s.Lists, s.Goldens = paths(added), paths(lists), r.goldens()
	defer func() {
		if err != nil {
			err = errors.Join(err, r.takeBack(name, before))
			s = Service{}
		}
	}()
	if err := r.write(append(added, lists...)); err != nil {
		return s, err
	}
	rendered, err := manifest.Goldens(dir)
	if err != nil {
		return s, err
	}
	var goldens []wholefile.File
	for _, name := range s.Goldens {
		goldens = append(goldens, wholefile.File{Name: name, Content: rendered[name]})
	}
	return s, r.write(goldens)
}

func paths(files []wholefile.File) (names []string) {
	for _, f := range files {
		names = append(names, f.Name)
	}
	return names
}

// write replaces or creates files, once the content of all is on the disk.
func (r repository) write(files []wholefile.File) error {
	files = slices.Clone(files)
	for i, f := range files {
		files[i].Name = filepath.Join(r.dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(files[i].Name), 0o755); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
	}
	return wholefile.ReplaceInOrder(0o644, files...)
}

// originals are files as they are now.
func (r repository) originals(names []string) (files []wholefile.File, err error) {
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			return nil, fmt.Errorf("read what will change: %w", err)
		}
		files = append(files, wholefile.File{Name: name, Content: content})
	}
	return files, nil
}

// takeBack removes the new folders, and brings back the files that changed.
func (r repository) takeBack(name string, before []wholefile.File) error {
	err := r.write(before)
	for _, folder := range r.folders() {
		err = errors.Join(err, os.RemoveAll(filepath.Join(r.dir, sibling(folder, name))))
	}
	return err
}
