package devtest

import "syscall"

// memory is where files are kept in memory, and enough how many bytes must be free there. A database is
// some 300 files: on a disk, to make one for a test takes a processor 0.2 s, which is longer than most tests.
const (
	memory = "/dev/shm"
	enough = 4 << 30
)

// fast is the parent of directories for the data of stores. It is "" for the usual one.
func fast() string {
	var s syscall.Statfs_t
	if err := syscall.Statfs(memory, &s); err != nil || s.Bavail*uint64(s.Bsize) < enough {
		return ""
	}
	return memory
}
