package password

import (
	"io/fs"
	"math"
	"strconv"
	"strings"
)

// reserve is the memory kept for all but hashing, in bytes: 64 MiB or a quarter
// of the limit, whichever is more.
func reserve(limit int64) int64 { return max(64<<20, limit/4) }

// SlotsFor says how many hashes may run at once: one less than there are
// processors (GOMAXPROCS), so that verifying tokens keeps one, and no more than
// the memory limit in bytes allows (0 or less: no limit); at least one.
func SlotsFor(procs int, memoryLimit int64, params Params) int {
	slots := procs - 1
	if memoryLimit > 0 {
		slots = min(slots, int(max(0, memoryLimit-reserve(memoryLimit))/slotMemory(params)))
	}
	return max(1, slots)
}

// slotMemory counts a slot twice: a worker is more than the memory of its hash,
// and one who was overdue may not have ended yet.
func slotMemory(params Params) int64 { return 2 * int64(params.MemoryKiB) << 10 }

// MemoryBeside is what the runtime of this process may use of a memory limit, in
// bytes, with so many slots elsewhere: a tenth is left to what it does not count.
func MemoryBeside(slots int, memoryLimit int64, params Params) int64 {
	return max(reserve(memoryLimit), memoryLimit-int64(slots)*slotMemory(params)) / 10 * 9
}

// MemoryLimit is the lower of the runtime's limit, which
// debug.SetMemoryLimit(-1) tells, and that of the control group, in bytes;
// math.MaxInt64 if neither is set. The file system is os.DirFS("/sys/fs/cgroup")
// as a container sees it: memory.max of version 2, or
// memory/memory.limit_in_bytes of version 1. Where neither can be read, only
// the runtime's limit counts.
func MemoryLimit(runtimeLimit int64, cgroup fs.FS) int64 {
	limit := runtimeLimit
	if limit <= 0 {
		limit = math.MaxInt64
	}
	for _, name := range []string{"memory.max", "memory/memory.limit_in_bytes"} {
		text, err := fs.ReadFile(cgroup, name)
		if err != nil {
			continue
		}
		// "max" is no limit.
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 {
			limit = min(limit, n)
		}
	}
	return limit
}
