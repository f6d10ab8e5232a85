package devtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack"
)

const (
	startWait      = 3 * time.Minute
	redisDatabases = 1024
)

// servers are the stores that all tests of a test binary share. They start when the first
// test needs them.
type servers struct {
	programs, data  directory
	postgres, redis server
	templates       templates
}

// directory is made when it is first asked for.
type directory struct {
	once sync.Once
	path string
	err  error
}

func (d *directory) in(parent string) (string, error) {
	d.once.Do(func() { d.path, d.err = os.MkdirTemp(parent, "devtest-") })
	if d.err != nil {
		return "", fmt.Errorf("make a directory for tests: %w", d.err)
	}
	return d.path, nil
}

type server struct {
	once  sync.Once
	store *devstack.Store
	err   error
}

// shared is the only variable of the package: the tests of a binary have nothing else in
// common that could hold the stores.
var shared servers

// Main runs the tests of a package and stops the stores that they started.
func Main(m *testing.M) int {
	code := m.Run()
	for _, s := range []*server{&shared.postgres, &shared.redis} {
		if s.store == nil {
			continue
		}
		if err := s.store.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop a store:", err)
			code = max(code, 1)
		}
	}
	for _, d := range []*directory{&shared.programs, &shared.data} {
		if d.path != "" {
			_ = os.RemoveAll(d.path)
		}
	}
	return code
}

// Dir is a directory of this test binary, which Main removes.
func Dir() (string, error) { return shared.programs.in("") }

func (s *servers) startPostgres() (*devstack.Store, error) {
	s.postgres.once.Do(func() {
		s.postgres.store, s.postgres.err = s.start(os.Getenv("AUTH_TEST_DB_URL"), devstack.StartPostgres, postgresContainer)
	})
	return s.postgres.store, s.postgres.err
}

func (s *servers) startRedis() (*devstack.Store, error) {
	s.redis.once.Do(func() {
		s.redis.store, s.redis.err = s.start(os.Getenv("SESSION_TEST_DB_URL"), devstack.StartRedis, redisContainer)
	})
	return s.redis.store, s.redis.err
}

type starter func(context.Context, devstack.Options) (*devstack.Store, error)

func (s *servers) start(given string, binary starter, container func(context.Context) (*devstack.Store, error)) (*devstack.Store, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	if given != "" {
		return binary(ctx, devstack.Options{URL: given})
	}
	switch source := os.Getenv("DEVTEST_SOURCE"); source {
	case "container":
		return container(ctx)
	case "binary", "":
	default:
		return nil, fmt.Errorf("DEVTEST_SOURCE is %q: use container, binary, or leave it out", source)
	}
	if os.Getenv("DEVTEST_SOURCE") == "" && containersWork(ctx) {
		return container(ctx)
	}
	dir, err := s.data.in(fast())
	if err != nil {
		return nil, err
	}
	return binary(ctx, options(dir))
}

// options are the options of a store for tests. The data directory that initdb creates is
// kept in the user's cache.
func options(dir string) devstack.Options {
	o := devstack.Options{Dir: dir, Scratch: true, Sources: []devstack.Source{devstack.Binary}, Databases: redisDatabases}
	if cache, err := os.UserCacheDir(); err == nil {
		o.Templates = filepath.Join(cache, "auth-books-test")
	}
	return o
}

// need fails or skips a test that cannot have its store.
func need(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case !errors.Is(err, devstack.ErrNoSource), os.Getenv("CI") == "true":
		t.Fatalf("this test needs a real store: %v", err)
	default:
		t.Skipf("SKIPPED, this test needs a real store: %v. Install Postgres and Redis, start Docker, or set AUTH_TEST_DB_URL and SESSION_TEST_DB_URL.", err)
	}
}

// withPath changes the path of a URL, which names the database.
func withPath(rawURL, path string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", errors.New("the URL of the test's store is malformed")
	}
	u.Path = "/" + path
	return u.String(), nil
}

func number(n int) string { return strconv.Itoa(n) }
