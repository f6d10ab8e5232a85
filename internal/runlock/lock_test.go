package runlock_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth.books.test/internal/runlock"
)

// asHolder makes this test binary a program that holds a lock until it is killed.
const asHolder = "RUNLOCK_TEST_HOLDER"

func TestMain(m *testing.M) {
	dir := os.Getenv(asHolder)
	if dir == "" {
		os.Exit(m.Run())
	}
	if _, err := runlock.Acquire(dir); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	time.Sleep(time.Minute)
}

func acquire(t *testing.T, dir string) *runlock.Lock {
	t.Helper()
	l, err := runlock.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Release)
	return l
}

func TestAHeldFolderIsRefusedAndItsHolderNamed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	l := acquire(t, dir)
	_, err := runlock.Acquire(dir)
	if !errors.Is(err, runlock.ErrHeld) || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
	l.Release()
	acquire(t, dir)
}

func TestTheLockOfAKilledProcessIsFree(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	holder := exec.Command(self)
	holder.Env = append(os.Environ(), asHolder+"="+dir)
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	_, refused := runlock.Acquire(dir)
	_ = holder.Process.Kill()
	_ = holder.Wait()
	if line != "held\n" || !errors.Is(refused, runlock.ErrHeld) || !strings.Contains(refused.Error(), strconv.Itoa(holder.Process.Pid)) {
		t.Errorf("%s: %v", line, refused)
	}
	acquire(t, dir)
}

func TestClearRemovesAllAndFreesTheName(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	l := acquire(t, dir)
	if err := os.MkdirAll(filepath.Join(dir, "postgres"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := l.Clear(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
	acquire(t, dir)
}

// Some goroutines clear the folder while others run: never do two hold the lock.
func TestNeverTwoHoldTheLock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	var holders, held atomic.Int32
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for round := range 300 {
				l, err := runlock.Acquire(dir)
				if errors.Is(err, runlock.ErrHeld) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				held.Add(1)
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold it", n)
				}
				holders.Add(-1)
				if (worker+round)%2 == 0 {
					l.Release()
					continue
				}
				if err := l.Clear(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if held.Load() == 0 {
		t.Error("nobody held it")
	}
}

func TestHolderLearnsThatItsFolderWasRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	lost := acquire(t, dir).Lost(t.Context().Done())
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	select {
	case <-lost:
	case <-time.After(20 * time.Second):
		t.Error("it does not")
	}
}
