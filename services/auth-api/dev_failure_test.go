package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

// storePid is the process of a store, from the file that it keeps.
func storePid(t *testing.T, dir, store string) int {
	t.Helper()
	file := map[string]string{"postgres": "postmaster.pid", "redis": "redis.pid"}[store]
	b, err := os.ReadFile(filepath.Join(dir, store, file))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestDevEndsLoudlyWhenAStoreEnds(t *testing.T) {
	t.Parallel()
	for store, name := range map[string]string{"postgres": "auth-db (Postgres)", "redis": "session-db (Redis)"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), ".dev")
			d := dev(t, dir)
			if store == "redis" && strings.Contains(d.out.String(), "stand-in") {
				t.Skip("SKIPPED, this test needs a Redis on the machine: a stand-in cannot end by itself")
			}
			if err := syscall.Kill(storePid(t, dir, store), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			devtest.Eventually(t, "dev says so", func() bool {
				return strings.Contains(d.out.String(), "*** "+name+" ended: stopping everything\nsignal: killed")
			})
			<-d.ended
			if d.cmd.ProcessState.Success() || !strings.Contains(d.out.String(), name+" ended: this run has ended.") {
				t.Errorf("%v: %s", d.cmd.ProcessState, d.out)
			}
			d.wantNothingLeft()
			again := dev(t, dir)
			again.shell(strings.Join(again.curls()[:2], "\n"))
		})
	}
}

func TestDevEndsWhenItsFolderIsRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	d := dev(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "dev says so", func() bool { return strings.Contains(d.out.String(), "*** the folder that holds the data") })
	<-d.ended
	if d.cmd.ProcessState.Success() {
		t.Errorf("%v: %s", d.cmd.ProcessState, d.out)
	}
	again := dev(t, dir)
	again.end(syscall.SIGTERM)
	dev(t, dir)
}

func TestDevSaysWhatToDoAboutABrokenKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"token", "service"} {
		for name, broken := range map[string]string{"empty": "", "blank": "\n", "half": "d1:MDEyMz"} {
			t.Run(key+", "+name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				file := filepath.Join(dir, key+".key")
				if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
					t.Fatal(err)
				}
				out, err := runDev(t, settings{"AUTH_API_ADDR": "127.0.0.1:0"}, "--dir", dir)
				if err == nil || !strings.Contains(out, file+" holds no "+key+" key") || !strings.Contains(out, "rm "+file) {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
	}
}

func TestDevStartsAfterItWasKilledInItsFirstStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	unfinished := func() []string {
		found, _ := filepath.Glob(filepath.Join(dir, "postgres-new-*"))
		return found
	}
	cmd := exec.Command(devBinary(t), "dev", "--dir", dir)
	cmd.Env = settings{"AUTH_API_ADDR": "127.0.0.1:0"}.List()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "the data is being made", func() bool { return len(unfinished()) > 0 })
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if len(unfinished()) == 0 {
		t.Fatal("it was killed too late")
	}
	d := dev(t, dir)
	if left := unfinished(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	d.shell(strings.Join(d.curls()[:2], "\n"))
}

// The limit on the size of files stands for a full disk: it lets through what is
// empty alone.
func TestDevStartsAfterADiskThatWasFull(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	cmd := exec.CommandContext(t.Context(), "bash", "-c", `trap '' XFSZ; ulimit -f 0; exec "$0" dev --dir "$1" 2>&1 | cat`, devBinary(t), dir)
	cmd.Env = settings{"AUTH_API_ADDR": "127.0.0.1:0"}.List()
	out, _ := cmd.CombinedOutput()
	if !strings.Contains(string(out), "file too large") {
		t.Fatalf("the disk was not full: %s", out)
	}
	d := dev(t, dir)
	d.shell(strings.Join(d.curls()[:2], "\n"))
}
