package worker

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// processor is where this thread runs (getcpu(2)), which x/sys does not have.
func processor() (int, error) {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return 0, errno
	}
	return int(cpu), nil
}
