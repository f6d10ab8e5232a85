package devstack_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"auth.books.test/internal/devstack"
)

func TestWhatAKilledFirstStartLeftIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := filepath.Join(dir, "postgres-new-123", "data")
	other := filepath.Join(dir, "postgres-17")
	for range 2 { // before there is data, and beside it
		for _, folder := range []string{left, other} {
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := start(t, devstack.StartPostgres, devstack.Options{Dir: dir}).Stop(); err != nil {
			t.Fatal(err)
		}
		if found, err := filepath.Glob(filepath.Join(dir, "postgres-new-*")); err != nil || len(found) != 0 {
			t.Errorf("still there: %v, %v", found, err)
		}
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("what is not ours to remove: %v", err)
	}
}

func TestALostPasswordOfPostgresIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := start(t, devstack.StartPostgres, devstack.Options{Dir: dir}).Stop(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "postgres.password")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range []string{"", "\n"} {
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = devstack.StartPostgres(t.Context(), devstack.Options{Dir: dir, Sources: []devstack.Source{devstack.Binary}})
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "make clean") {
			t.Errorf("got %v", err)
		}
		if b, err := os.ReadFile(file); err != nil || string(b) != broken {
			t.Errorf("the file is now %q, %v", b, err)
		}
	}
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := query(t, start(t, devstack.StartPostgres, devstack.Options{Dir: dir}).URL, "SELECT 'up'"); got != "up" {
		t.Errorf("once it is back: %q", got)
	}
}

// Before the data is made, an empty file is what a full disk left.
func TestAnEmptyPasswordIsMadeAgainWhereNothingNeedsIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"postgres.password", "redis.password"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := query(t, start(t, devstack.StartPostgres, devstack.Options{Dir: dir}).URL, "SELECT 'up'"); got != "up" {
		t.Errorf("Postgres is %q", got)
	}
	if err := dial(t, start(t, devstack.StartRedis, devstack.Options{Dir: dir}).URL).Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

func TestLeftoverRedisIsEndedFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	leftover := start(t, devstack.StartRedis, devstack.Options{Dir: dir})
	if err := dial(t, leftover.URL).Set(t.Context(), "title", "Emma", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s := start(t, devstack.StartRedis, devstack.Options{Dir: dir})
	if alive(leftover.Process.Pid()) {
		t.Error("both run on the same file")
	}
	if title := dial(t, s.URL).Get(t.Context(), "title").Val(); title != "Emma" {
		t.Errorf("%q", title)
	}
}

// After the machine went down, the number may be of another Redis, or of anything.
func TestTheProcessIDOfALeftoverRedisMayBeAnothers(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	if err := start(t, devstack.StartRedis, devstack.Options{Dir: dir}).Stop(); err != nil {
		t.Fatal(err)
	}
	sleep := exec.Command("sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sleep.Process.Kill()
		_ = sleep.Wait()
	})
	for _, pid := range []int{sleep.Process.Pid, start(t, devstack.StartRedis, devstack.Options{Dir: elsewhere}).Process.Pid()} {
		if err := os.WriteFile(filepath.Join(dir, "redis", "redis.pid"), []byte(strconv.Itoa(pid)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := start(t, devstack.StartRedis, devstack.Options{Dir: dir}).Stop(); err != nil {
			t.Fatal(err)
		}
		if !alive(pid) {
			t.Errorf("process %d was ended", pid)
		}
	}
}

// Two first runs as root, from two checkouts, download to the same place.
func TestTwoWhoDownloadPostgresAtOnceBothGetIt(t *testing.T) {
	t.Parallel()
	cache, _ := users(t)[0].place(t)
	if err := os.Chmod(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	from := repository(t)
	var starting sync.WaitGroup
	for range 2 {
		dir := t.TempDir()
		starting.Go(func() {
			s, err := devstack.StartPostgres(t.Context(), devstack.Options{Dir: dir, Cache: cache, Repository: from, Sources: []devstack.Source{devstack.Embedded}})
			if err == nil {
				err = s.Stop()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	starting.Wait()
	if left, err := filepath.Glob(filepath.Join(cache, "*-download")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
