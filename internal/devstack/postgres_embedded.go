package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/fergusstrange/embedded-postgres"

	"auth.books.test/internal/runlock"
)

// embeddedVersion is the Postgres that is downloaded if none is installed.
const embeddedVersion = embeddedpostgres.V17

// startPostgresEmbedded runs the binaries that the library embedded-postgres downloads like
// any others: the library itself cannot run them as root, and deletes data of other versions.
func startPostgresEmbedded(ctx context.Context, o Options, dir string) (*Store, error) {
	bin, err := fetchPostgres(ctx, o)
	if err != nil {
		return nil, err
	}
	s, err := startPostgresBinary(ctx, o, bin, dir)
	if err != nil {
		return nil, err
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(s.Note, "Postgres "), " ")
	s.Source, s.Note = Embedded, fmt.Sprintf("Postgres %s, downloaded", version)
	return s, nil
}

// fetchPostgres downloads and unpacks Postgres. Later runs find it in homeOf.
func fetchPostgres(ctx context.Context, o Options) (bin string, err error) {
	home, err := homeOf(o)
	if err != nil {
		return "", err
	}
	bin = filepath.Join(home, "bin")
	if isProgram(filepath.Join(bin, "postgres")) {
		return bin, nil
	}
	// As root, other checkouts may download to the same place.
	lock, err := waitForLock(ctx, o, home+"-download")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Clear()) }()
	if isProgram(filepath.Join(bin, "postgres")) {
		return bin, nil
	}
	port, err := FreePort("127.0.0.1")
	if err != nil {
		return "", err
	}
	fmt.Fprintf(o.progress(), "downloading Postgres %s for %s/%s, once: some tens of megabytes\n", embeddedVersion, runtime.GOOS, runtime.GOARCH)
	fresh := filepath.Join(home+"-download", "unpacked")
	left, _ := filepath.Glob(filepath.Join(o.Dir, "download", "temp_*")) // the library's leftovers of a killed run
	for _, leftover := range append(left, fresh) {
		if err := os.RemoveAll(leftover); err != nil {
			return "", fmt.Errorf("clear an earlier download: %w", err)
		}
	}
	config := embeddedpostgres.DefaultConfig().Version(embeddedVersion).Port(uint32(port)).
		BinariesPath(fresh).CachePath(filepath.Join(o.Dir, "download")).
		RuntimePath(filepath.Join(fresh, "run")).DataPath(filepath.Join(fresh, "data")).Logger(o.log())
	if o.Repository != "" {
		config = config.BinaryRepositoryURL(o.Repository)
	}
	library := embeddedpostgres.NewDatabase(config)
	// Start downloads, unpacks and starts. As root the last step fails, but only the binaries
	// are needed.
	err = library.Start()
	if err == nil {
		err = library.Stop()
	}
	if !isProgram(filepath.Join(fresh, "bin", "postgres")) {
		return "", fmt.Errorf("download Postgres: %w", noBinaries(err))
	}
	for _, leftover := range []string{"run", "data"} {
		if err := os.RemoveAll(filepath.Join(fresh, leftover)); err != nil {
			return "", fmt.Errorf("clear the download: %w", err)
		}
	}
	if err := readable(fresh); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, home); err != nil {
		return "", fmt.Errorf("move Postgres in place: %w", err)
	}
	return bin, nil
}

// waitForLock waits until no other process holds the lock of the folder, and takes it.
func waitForLock(ctx context.Context, o Options, dir string) (*runlock.Lock, error) {
	for said := false; ; {
		lock, err := runlock.Acquire(dir)
		if !errors.Is(err, runlock.ErrHeld) {
			return lock, err
		}
		if !said {
			fmt.Fprintln(o.progress(), "another run is downloading Postgres: waiting for it")
			said = true
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another download: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// homeOf returns the directory of a downloaded Postgres: beside its data, unless its user may
// not enter that directory. For data a capability helps (see attr_linux.go). For programs it
// does not, because Postgres checks them with access(2), which ignores capabilities.
func homeOf(o Options) (string, error) {
	name := "postgres-" + major(string(embeddedVersion))
	home, err := filepath.Abs(filepath.Join(o.Dir, name))
	if err != nil {
		return "", fmt.Errorf("find the directory of Postgres: %w", err)
	}
	as, err := unprivileged(home)
	if err != nil || as == nil || !as.passes {
		return home, err
	}
	cache := o.Cache
	if cache == "" {
		cache = "/var/cache/auth.books.test"
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("make a directory for Postgres: %w", err)
	}
	return filepath.Join(cache, name), nil
}

func noBinaries(err error) error {
	if err == nil {
		return errors.New("no program in the archive")
	}
	if strings.Contains(err.Error(), "no such host") || strings.Contains(err.Error(), "unable to connect") {
		return fmt.Errorf("%w (no network? install Postgres, or name one in AUTH_DB_URL)", err)
	}
	return err
}

// readable lets the user of Postgres read the files that root unpacked.
func readable(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o044
		if entry.IsDir() || mode&0o100 != 0 {
			mode |= 0o055
		}
		return os.Chmod(path, mode)
	})
}
