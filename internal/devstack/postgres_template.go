package devstack

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	dataName     = "postgres"
	passwordName = "postgres.password"
)

// copyTemplate fills an empty directory with the data and the password of a template,
// which is made first if there is none for this Postgres and these options.
func copyTemplate(ctx context.Context, o Options, bin, version, dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	id := sha256.Sum256(fmt.Append(nil, bin, version, initdbOptions(o), os.Geteuid()))
	template := filepath.Join(o.Templates, fmt.Sprintf("postgres-%x", id[:8]))
	if _, err := os.Stat(template); errors.Is(err, fs.ErrNotExist) {
		if err := makeTemplate(ctx, o, bin, template); err != nil {
			return fmt.Errorf("make a template: %w", err)
		}
	}
	// With cp, as it keeps owners and modes.
	for name, to := range map[string]string{dataName: dir, passwordName: filepath.Join(o.Dir, passwordName)} {
		if out, err := exec.CommandContext(ctx, "cp", "-R", "-p", filepath.Join(template, name), to).CombinedOutput(); err != nil {
			return fmt.Errorf("copy a template: %w: %s", err, out)
		}
	}
	return nil
}

// makeTemplate makes it beside its place and renames it, so that nobody copies half
// of one.
func makeTemplate(ctx context.Context, o Options, bin, template string) error {
	o.Scratch = false // It outlives this run, and perhaps a crash of the machine.
	if err := os.MkdirAll(o.Templates, 0o755); err != nil {
		return fmt.Errorf("make the folder of templates: %w", err)
	}
	fresh, err := os.MkdirTemp(o.Templates, "making-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(fresh)
	data := filepath.Join(fresh, dataName)
	as, err := unprivileged(data)
	if err != nil {
		return err
	}
	secret, err := password(filepath.Join(fresh, passwordName))
	if err != nil {
		return err
	}
	if err := initialise(ctx, o, bin, data, secret, as); err != nil {
		return err
	}
	// Another process may have been faster; its template is as good.
	if err := os.Rename(fresh, template); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("put it in place: %w", err)
	}
	return nil
}
