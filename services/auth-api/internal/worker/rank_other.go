//go:build !linux

package worker

import (
	"os"
	"syscall"
)

// Self is this program.
func Self() (string, error) { return os.Executable() }

// giveWay takes the lowest rank that there is elsewhere, which is for a whole
// process there (setpriority(2)).
func giveWay() error { return syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19) }

// hasten gives a process that is about to be killed the ordinary rank again, if this
// process may do that.
func hasten(pid int) { _ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, 0) }

// onOne does the work; which processor does it cannot be said elsewhere.
func onOne(work func()) error {
	work()
	return nil
}
