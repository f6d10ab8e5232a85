package worker

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Self is this program, also when its file was replaced meanwhile.
func Self() (string, error) { return "/proc/self/exe", nil }

// giveWay makes this process one of SCHED_IDLE (sched(7)). A new thread has the
// policy of the one that made it: they all have it once a look at them finds none
// without.
func giveWay() error {
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

// onOne does the work on the processor that the kernel has chosen. Without it,
// who gives way is moved to whichever processor is free for a moment, thousands
// of times a second, and others wait for that.
func onOne(work func()) error {
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
		return nil // It may not: then it is moved.
	}
	return eachThread("self", func(id int) error { return unix.SchedSetaffinity(id, &all) })
}

// hasten gives a process that is about to be killed the ordinary policy again, if
// this process may do that. Without it, the killed one waits for an idle processor to
// end, and keeps its memory until then: minutes on a busy machine.
func hasten(pid int) {
	_ = eachThread(strconv.Itoa(pid), func(id int) error {
		return unix.SchedSetAttr(id, &unix.SchedAttr{Policy: unix.SCHED_NORMAL}, 0)
	})
}

// eachThread does something to each thread of a process; one may end meanwhile.
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
