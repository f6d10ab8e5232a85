package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/wholefile"
)

const (
	pgUser     = "auth"
	pgDatabase = "auth"
	startWait  = 30 * time.Second
)

// StartPostgres starts a Postgres, with the database of an earlier run if there is one.
// Errors: ErrNoSource, and those of starting it.
func StartPostgres(ctx context.Context, o Options) (*Store, error) {
	if o.URL != "" {
		return &Store{URL: o.URL, Source: Given, Note: "Postgres at the given URL"}, nil
	}
	dir, err := filepath.Abs(filepath.Join(o.Dir, "postgres"))
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	if bin, found := findPostgres(); found && o.allows(Binary) {
		s, err := startPostgresBinary(ctx, o, bin, dir)
		if err != nil {
			return nil, fmt.Errorf("start Postgres from %s: %w", bin, err)
		}
		return s, nil
	}
	if o.allows(Embedded) {
		s, err := startPostgresEmbedded(ctx, o, dir)
		if err != nil {
			return nil, fmt.Errorf("start the embedded Postgres: %w", err)
		}
		return s, nil
	}
	return nil, fmt.Errorf("find Postgres: %w", ErrNoSource)
}

func startPostgresBinary(ctx context.Context, o Options, bin, dir string) (*Store, error) {
	as, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	version, err := postgresVersion(ctx, bin)
	if err != nil {
		return nil, err
	}
	if err := removeUnfinished(dir); err != nil {
		return nil, err
	}
	if o.Templates != "" {
		if err := copyTemplate(ctx, o, bin, version, dir); err != nil {
			return nil, err
		}
	}
	exists, err := hasData(dir, version)
	if err != nil {
		return nil, err
	}
	secret, err := postgresPassword(filepath.Join(o.Dir, "postgres.password"), dir, exists)
	if err != nil {
		return nil, err
	}
	if !exists {
		if err := initialise(ctx, o, bin, dir, secret, as); err != nil {
			return nil, err
		}
	}
	if err := endLeftover(dir); err != nil {
		return nil, err
	}
	port, err := FreePort("127.0.0.1")
	if err != nil {
		return nil, err
	}
	args := []string{"-D", dir, "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "max_connections=200", "-c", "log_min_messages=warning"}
	if o.Scratch {
		// Commits stay synchronous: tests kill servers, and acknowledged commits must survive.
		// The data may be in memory, so that little is kept of what has been checkpointed.
		// As many tests run at once as there are cores, each with up to three programs of ten connections.
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=1000", "-c", "max_wal_size=256MB")
	}
	// SIGINT is Postgres's fast shutdown: it does not wait for clients.
	p, err := start(filepath.Join(bin, "postgres"), args, nil, o.log(), attributes(syscall.SIGINT, as), "/")
	if err != nil {
		return nil, err
	}
	s := &Store{URL: postgresURL(port, secret), Source: Binary, Process: p,
		Note: fmt.Sprintf("Postgres %s from %s", version, bin), stop: func() error { return p.Stop(syscall.SIGINT) }}
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	if err := until(ctx, p, func(ctx context.Context) error { return ensureDatabase(ctx, s.URL) }); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func postgresURL(port int, secret string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(pgUser, secret), Host: fmt.Sprintf("127.0.0.1:%d", port), Path: "/" + pgDatabase, RawQuery: "sslmode=disable"}
	return u.String()
}

func postgresVersion(ctx context.Context, bin string) (string, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask Postgres for its version: %w", err)
	}
	// postgres (PostgreSQL) 17.2 (Debian 17.2-1)
	fields := strings.Fields(string(out))
	if len(fields) < 3 {
		return "", fmt.Errorf("ask Postgres for its version: unexpected output %q", out)
	}
	return fields[2], nil
}

func major(version string) string { return strings.SplitN(version, ".", 2)[0] }

// hasData reports whether there is a data directory. It refuses one of another version, and
// a directory without Postgres data.
func hasData(dir, version string) (bool, error) {
	of, err := os.ReadFile(filepath.Join(dir, "PG_VERSION"))
	if err == nil {
		if found := strings.TrimSpace(string(of)); found != major(version) {
			return false, fmt.Errorf("the data in %s is of Postgres %s, but this is %s: install Postgres %s, or delete the data with `make clean`", dir, found, version, found)
		}
		return true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("read the version of the data: %w", err)
	}
	if _, err := os.Stat(dir); err == nil {
		return false, fmt.Errorf("%s exists but holds no Postgres data: move it away", dir)
	}
	return false, nil
}

// initialise creates the data directory under another name and renames it, so that an
// existing one is always complete.
func initialise(ctx context.Context, o Options, bin, dir, secret string, as *user) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make the stores' directory: %w", err)
	}
	fmt.Fprintf(o.progress(), "making a new database in %s\n", dir)
	fresh, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+unfinished)
	if err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	defer os.RemoveAll(fresh)
	if err := own(fresh, as); err != nil {
		return err
	}
	data, given := filepath.Join(fresh, "data"), filepath.Join(fresh, "password")
	if err := os.WriteFile(given, []byte(secret+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the password for initdb: %w", err)
	}
	if as != nil {
		if err := os.Chown(given, int(as.uid), int(as.gid)); err != nil {
			return fmt.Errorf("write the password for initdb: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), append(initdbOptions(o), "-D", data, "--pwfile="+given)...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C", "LANG=C")
	cmd.SysProcAttr = attributes(syscall.SIGKILL, as)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	if err := os.Rename(data, dir); err != nil {
		return fmt.Errorf("move the data in place: %w", err)
	}
	return wholefile.FlushFolder(filepath.Dir(dir))
}

// initdbOptions are the options of initdb that do not depend on the directory.
func initdbOptions(o Options) []string {
	options := []string{"-U", pgUser, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"}
	if o.Scratch {
		options = append(options, "--no-sync")
	}
	return options
}

// ensureDatabase creates the database if it does not exist.
func ensureDatabase(ctx context.Context, databaseURL string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return fmt.Errorf("read the database URL: %w", err)
	}
	name := config.Database
	config.Database = "postgres"
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer c.Close(ctx)
	var exists bool
	if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil || exists {
		return err
	}
	_, err = c.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	return err
}
