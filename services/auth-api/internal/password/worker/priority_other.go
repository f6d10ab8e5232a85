//go:build !linux

package worker

import (
	"os"
	"syscall"
)

// Self is the path of this program.
func Self() (string, error) { return os.Executable() }

// setIdle gives this process the lowest priority that other systems have
// (setpriority(2)).
func setIdle() error { return syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19) }

// restoreNormal gives a process that is about to be killed the normal priority again,
// if this process is allowed to.
func restoreNormal(pid int) { _ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, 0) }

// pinned runs work unpinned: other systems have no call for it.
func pinned(work func()) error {
	work()
	return nil
}
