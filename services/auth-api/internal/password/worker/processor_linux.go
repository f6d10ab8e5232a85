package worker

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// processor is the number of the processor on which this thread runs (getcpu(2)). It
// needs unsafe because x/sys has no such call; what pinned buys says why it is needed.
func processor() (int, error) {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return 0, errno
	}
	return int(cpu), nil
}
