package devstack_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack"
	"auth.books.test/internal/devstack/devtest"
)

// asParent makes this test binary a program that starts stores and waits.
const asParent = "DEVSTACK_TEST_PARENT_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asParent); dir != "" {
		os.Exit(parent(dir))
	}
	os.Exit(m.Run())
}

// parent prints the stores' process ids and URLs, and waits until it is killed.
func parent(dir string) int {
	for _, start := range []func(context.Context, devstack.Options) (*devstack.Store, error){devstack.StartPostgres, devstack.StartRedis} {
		s, err := start(context.Background(), devstack.Options{Dir: dir, Sources: []devstack.Source{devstack.Binary}})
		if err != nil {
			fmt.Println("error", err)
			return 1
		}
		fmt.Println(s.Process.Pid(), s.URL)
	}
	time.Sleep(time.Minute)
	return 0
}

func start(t *testing.T, what func(context.Context, devstack.Options) (*devstack.Store, error), o devstack.Options) *devstack.Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if o.Sources == nil {
		o.Sources = []devstack.Source{devstack.Binary}
	}
	s, err := what(ctx, o)
	if errors.Is(err, devstack.ErrNoSource) && os.Getenv("CI") != "true" {
		t.Skipf("SKIPPED, this test needs Postgres and Redis on the machine: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	var out string
	if err := c.QueryRow(ctx, sql).Scan(&out); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func dial(t *testing.T, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) || runtime.GOOS != "linux" && syscall.Kill(pid, 0) == nil
	}
	return !strings.Contains(string(b), ") Z ")
}

func TestPostgresKeepsItsDataAndItsPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, devstack.StartPostgres, devstack.Options{Dir: dir})
	query(t, s.URL, "CREATE TABLE books AS SELECT 'Emma' AS title")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	again := start(t, devstack.StartPostgres, devstack.Options{Dir: dir})
	if title := query(t, again.URL, "SELECT title FROM books"); title != "Emma" {
		t.Errorf("after a restart: %q", title)
	}
	wrong := strings.Replace(again.URL, again.URL[strings.Index(again.URL, "auth:")+5:strings.Index(again.URL, "@")], "wrong", 1)
	if c, err := pgx.Connect(t.Context(), wrong); err == nil {
		_ = c.Close(t.Context())
		t.Error("a wrong password gets in")
	}
	info, err := os.Stat(filepath.Join(dir, "postgres.password"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the password's file: %v, %v", info.Mode(), err)
	}
}

// A checkout below a directory that only its owner, root, may enter.
func TestPostgresWorksWhereOthersMayNotGo(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, devstack.StartPostgres, devstack.Options{Dir: filepath.Join(closed, "checkout", ".dev")})
	if got := query(t, s.URL, "SELECT current_user::text"); got != "auth" {
		t.Error(got)
	}
}

func TestRefusesDataOfAnotherPostgres(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "postgres")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"PG_VERSION": "9\n", "precious": "data"} {
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := devstack.StartPostgres(t.Context(), devstack.Options{Dir: dir, Sources: []devstack.Source{devstack.Binary}})
	if errors.Is(err, devstack.ErrNoSource) {
		need(t, err)
	}
	if err == nil || !strings.Contains(err.Error(), "is of Postgres 9") {
		t.Errorf("got %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(data, "precious")); err != nil || string(b) != "data" {
		t.Errorf("the data: %q, %v", b, err)
	}
	if err := os.Remove(filepath.Join(data, "PG_VERSION")); err != nil {
		t.Fatal(err)
	}
	if _, err := devstack.StartPostgres(t.Context(), devstack.Options{Dir: dir, Sources: []devstack.Source{devstack.Binary}}); err == nil || !strings.Contains(err.Error(), "holds no Postgres data") {
		t.Errorf("a directory that is something else: %v", err)
	}
}

func need(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skipf("SKIPPED, this test needs Postgres on the machine: %v", err)
}

// After the machine went down, the number in postmaster.pid may be anybody's.
func TestStalePidFileStopsNobody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, devstack.StartPostgres, devstack.Options{Dir: dir})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	stranger := exec.Command("sleep", "60")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
	}()
	pid := filepath.Join(dir, "postgres", "postmaster.pid")
	if err := os.WriteFile(pid, []byte(strconv.Itoa(stranger.Process.Pid)+"\n"+filepath.Join(dir, "postgres")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := start(t, devstack.StartPostgres, devstack.Options{Dir: dir})
	if got := query(t, again.URL, "SELECT 'up'"); got != "up" || !alive(stranger.Process.Pid) {
		t.Errorf("Postgres is %q; the stranger lives: %v", got, alive(stranger.Process.Pid))
	}
}

func TestLeftoverPostgresIsEndedFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	leftover := start(t, devstack.StartPostgres, devstack.Options{Dir: dir})
	query(t, leftover.URL, "CREATE TABLE books AS SELECT 'Emma' AS title")
	s := start(t, devstack.StartPostgres, devstack.Options{Dir: dir})
	if title := query(t, s.URL, "SELECT title FROM books"); title != "Emma" {
		t.Errorf("%q", title)
	}
	devtest.Eventually(t, "the leftover has ended", func() bool { return !alive(leftover.Process.Pid()) })
}

func TestStoresEndWithTheProcessThatStartedThem(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: only Linux can tie a process's life to another's")
	}
	for _, who := range users(t) {
		t.Run(who.name, func(t *testing.T) {
			t.Parallel()
			dir, program := who.place(t)
			cmd := exec.Command(program)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), asParent+"="+filepath.Join(dir, ".dev"), "HOME="+dir)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who.credential}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}()
			var pids []int
			lines := bufio.NewScanner(out)
			for len(pids) < 2 && lines.Scan() {
				first, url, _ := strings.Cut(lines.Text(), " ")
				pid, err := strconv.Atoi(first)
				if err != nil {
					t.Fatal(lines.Text())
				}
				if strings.HasPrefix(url, "postgres") && query(t, url, "SELECT 'up'") != "up" {
					t.Error("Postgres is not up")
				}
				pids = append(pids, pid)
			}
			if len(pids) != 2 {
				t.Fatalf("%d stores", len(pids))
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			for _, pid := range pids {
				devtest.Eventually(t, "process "+strconv.Itoa(pid)+" has ended", func() bool { return !alive(pid) })
			}
		})
	}
}

// account is a user of the system.
type account struct {
	name       string
	credential *syscall.Credential
}

// users are the user that runs the tests and, if that is root, another user as well.
func users(*testing.T) []account {
	all := []account{{name: "as who runs the tests"}}
	if os.Geteuid() == 0 {
		all = append(all, account{"as an ordinary user", &syscall.Credential{Uid: 65534, Gid: 65534}})
	}
	return all
}

// place is a directory of the user's own, and this program where it can be run.
func (a account) place(t *testing.T) (dir, program string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "devstack-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(dir, "program")
	if err := os.WriteFile(program, b, 0o755); err != nil {
		t.Fatal(err)
	}
	if a.credential != nil {
		for _, path := range []string{dir, program} {
			if err := os.Chown(path, int(a.credential.Uid), int(a.credential.Gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir, program
}

func TestRedisIsSetUpForTokens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, devstack.StartRedis, devstack.Options{Dir: dir})
	c := dial(t, s.URL)
	for name, want := range map[string]string{"appendonly": "yes", "maxmemory-policy": "noeviction", "bind": "127.0.0.1", "save": ""} {
		if got := c.ConfigGet(t.Context(), name).Val()[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	before, after, _ := strings.Cut(s.URL, "@")
	if err := dial(t, "redis://"+after).Ping(t.Context()).Err(); err == nil {
		t.Error("it asks for no password")
	}
	secret := before[strings.LastIndex(before, ":")+1:]
	if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.Process.Pid())); err == nil && strings.Contains(string(line), secret) {
		t.Error("the password stands on the command line")
	}
	if err := c.Set(t.Context(), "title", "Emma", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	again := dial(t, start(t, devstack.StartRedis, devstack.Options{Dir: dir}).URL)
	if title := again.Get(t.Context(), "title").Val(); title != "Emma" {
		t.Errorf("after a restart: %q", title)
	}
}

func TestEmbeddedRedisEndsKeysInTime(t *testing.T) {
	t.Parallel()
	s := start(t, devstack.StartRedis, devstack.Options{Dir: t.TempDir(), Sources: []devstack.Source{devstack.Embedded}})
	c := dial(t, s.URL)
	if err := c.Set(t.Context(), "title", "Emma", 300*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	if c.Exists(t.Context(), "title").Val() != 1 {
		t.Error("ended at once")
	}
	devtest.Eventually(t, "the key ends", func() bool { return c.Exists(t.Context(), "title").Val() == 0 })
	if s.Source != devstack.Embedded || !strings.Contains(s.Note, "stand-in") {
		t.Errorf("it does not say what it is: %s", s.Note)
	}
}

// The public repository is outside; what it would send is made from the Postgres
// of this machine. With DEVSTACK_TEST_DOWNLOAD=1 the real one is asked.
func TestDownloadedPostgresWorks(t *testing.T) {
	t.Parallel()
	cache, _ := users(t)[0].place(t)
	if err := os.Chmod(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	o := devstack.Options{Dir: t.TempDir(), Cache: cache, Sources: []devstack.Source{devstack.Embedded}}
	if os.Getenv("DEVSTACK_TEST_DOWNLOAD") == "" {
		o.Repository = repository(t)
	}
	for range 2 { // the second time nothing is downloaded
		s := start(t, devstack.StartPostgres, o)
		if got := query(t, s.URL, "SELECT 'up'"); got != "up" || s.Source != devstack.Embedded || !strings.Contains(s.Note, "downloaded") {
			t.Errorf("%q from %s, %s", got, s.Source, s.Note)
		}
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		o.Repository = "http://127.0.0.1:1"
	}
	if _, err := devstack.StartPostgres(t.Context(), devstack.Options{Dir: t.TempDir(), Cache: t.TempDir(), Sources: []devstack.Source{devstack.Embedded}, Repository: o.Repository}); err == nil || !strings.Contains(err.Error(), "no network?") {
		t.Errorf("without a network: %v", err)
	}
}

// repository serves the programs of this machine's Postgres as a Maven
// repository does: a jar with a tar.xz.
func repository(t *testing.T) string {
	t.Helper()
	given := start(t, devstack.StartPostgres, devstack.Options{Dir: t.TempDir()})
	_, bin, found := strings.Cut(given.Note, " from ")
	if !found {
		t.Fatal(given.Note)
	}
	archive := filepath.Join(t.TempDir(), "postgres.txz")
	pack := exec.Command("tar", "-C", filepath.Dir(bin), "-cJhf", archive, "--exclude=bitcode", "bin/postgres", "bin/initdb", "bin/pg_ctl", "lib")
	pack.Env = append(os.Environ(), "XZ_OPT=-0")
	if out, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v: %s", err, out)
	}
	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	w := zip.NewWriter(&jar)
	entry, err := w.Create("postgres-" + runtime.GOOS + "-" + runtime.GOARCH + ".txz")
	if err == nil {
		_, err = entry.Write(content)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(jar.Bytes())
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			_, _ = fmt.Fprintf(answer, "%x", sum)
			return
		}
		_, _ = answer.Write(jar.Bytes())
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestGivenURLIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	for _, what := range []func(context.Context, devstack.Options) (*devstack.Store, error){devstack.StartPostgres, devstack.StartRedis} {
		s := start(t, what, devstack.Options{URL: "scheme://somewhere", Dir: filepath.Join(t.TempDir(), "unused")})
		if s.URL != "scheme://somewhere" || s.Source != devstack.Given || s.Process != nil {
			t.Errorf("%+v", s)
		}
	}
}
