package password

import (
	"io/fs"
	"math"
	"strconv"
	"strings"
)

// reserve is the memory in bytes that hashing must leave to the rest of the service: 64
// MiB or a quarter of the limit, whichever is more.
func reserve(limit int64) int64 { return max(64<<20, limit/4) }

// SlotsFor returns how many hashes may run at once: one less than there are processors
// (GOMAXPROCS), so that verification keeps one, and no more than the memory limit in
// bytes allows (0 or less means no limit); at least one.
func SlotsFor(procs int, memoryLimit int64, params Params) int {
	slots := procs - 1
	if memoryLimit > 0 {
		slots = min(slots, int(max(0, memoryLimit-reserve(memoryLimit))/slotMemory(params)))
	}
	return max(1, slots)
}

// slotMemory is twice the memory of a hash: a worker needs more than its hash, and one
// that timed out may not have exited yet.
func slotMemory(params Params) int64 { return 2 * int64(params.MemoryKiB) << 10 }

// RuntimeMemory is the memory limit in bytes for the Go runtime of this process, beside
// so many slots in worker processes. A tenth is left for what the runtime does not count.
func RuntimeMemory(slots int, memoryLimit int64, params Params) int64 {
	return max(reserve(memoryLimit), memoryLimit-int64(slots)*slotMemory(params)) / 10 * 9
}

// MemoryLimit is the lower of the runtime's limit, which
// debug.SetMemoryLimit(-1) returns, and that of the control group, in bytes;
// math.MaxInt64 if neither is set. The file system is os.DirFS("/sys/fs/cgroup")
// in a container, with memory.max of version 2 or memory/memory.limit_in_bytes of
// version 1. If neither can be read, only the runtime's limit counts.
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
		// "max" means no limit.
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 {
			limit = min(limit, n)
		}
	}
	return limit
}
