package devstack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endLeftover ends a Postgres that still runs on the directory because the process that
// started it was killed, and removes a stale pid file: after a restart of the machine its
// number may belong to another program, and Postgres would not start. The caller holds the
// folder's lock (package runlock).
func endLeftover(dir string) error {
	file := filepath.Join(dir, "postmaster.pid")
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read postmaster.pid: %w", err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err == nil && pid > 1 && strings.Contains(commandLine(pid), dir) {
		if err := endProcess(pid, "Postgres", syscall.SIGINT); err != nil {
			return err
		}
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clear postmaster.pid: %w", err)
	}
	return nil
}

// unfinished is part of the names of folders in which a data directory is created before it
// is renamed.
const unfinished = "-new-"

// removeUnfinished removes the folders that killed runs left while they created a data
// directory, some 20 MB each. The caller holds the folder's lock.
func removeUnfinished(dir string) error {
	left, err := filepath.Glob(dir + unfinished + "*")
	if err != nil {
		return fmt.Errorf("look for unfinished data: %w", err)
	}
	for _, folder := range left {
		if err := os.RemoveAll(folder); err != nil {
			return fmt.Errorf("remove unfinished data: %w", err)
		}
	}
	return nil
}

// endProcess signals a store of an earlier run to end, and waits for it.
func endProcess(pid int, what string, ask syscall.Signal) error {
	_ = syscall.Kill(pid, ask)
	for end := time.Now().Add(stopWait); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil {
			return nil
		}
	}
	return fmt.Errorf("the %s that an earlier run left behind (process %d) does not end: kill it with `kill -9 %[2]d`", what, pid)
}

// commandLine returns the command line of a process; empty if it does not run.
func commandLine(pid int) string {
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		return strings.ReplaceAll(string(b), "\x00", " ")
	}
	out, _ := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return string(out)
}
