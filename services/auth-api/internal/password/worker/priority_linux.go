package worker

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Self is the path of this program. It stays valid when the file is replaced.
func Self() (string, error) { return "/proc/self/exe", nil }

// setIdle gives all threads of this process the policy SCHED_IDLE (sched(7)). A new
// thread inherits the policy of the thread that creates it, so all threads have it
// once a pass over them has changed none.
func setIdle() error {
	for changed := true; changed; {
		changed = false
		err := eachThread("self", func(id int) error {
			is, err := unix.SchedGetAttr(id, 0)
			if err != nil || is.Policy == unix.SCHED_IDLE {
				return err
			}
			changed = true
			return unix.SchedSetAttr(id, &unix.SchedAttr{Policy: unix.SCHED_IDLE}, 0)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pinned runs work on the current processor. Otherwise the kernel migrates an
// idle-priority thread to every momentarily free processor, thousands of times a
// second, and each migration delays other threads (`make bench`, p99 during sign-ins:
// 1.3 to 1.4 × without it, 1.2 × with it).
func pinned(work func()) error {
	var all, one unix.CPUSet
	cpu, err := processor()
	if err == nil {
		err = unix.SchedGetaffinity(0, &all)
	}
	if err == nil {
		one.Set(cpu)
		err = eachThread("self", func(id int) error { return unix.SchedSetaffinity(id, &one) })
	}
	work()
	if err != nil {
		return nil // Pinning is not allowed here: the work ran unpinned.
	}
	return eachThread("self", func(id int) error { return unix.SchedSetaffinity(id, &all) })
}

// restoreNormal gives a process that is about to be killed the normal policy again, if
// this process is allowed to. Otherwise the killed process waits for an idle processor
// before it ends, and keeps its memory until then: minutes on a busy machine.
func restoreNormal(pid int) {
	_ = eachThread(strconv.Itoa(pid), func(id int) error {
		return unix.SchedSetAttr(id, &unix.SchedAttr{Policy: unix.SCHED_NORMAL}, 0)
	})
}

// eachThread calls do for each thread of a process. It skips threads that have ended
// in the meantime.
func eachThread(pid string, do func(id int) error) error {
	threads, err := os.ReadDir("/proc/" + pid + "/task")
	if err != nil {
		return err
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		if err := do(id); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("thread %d: %w", id, err)
		}
	}
	return nil
}
