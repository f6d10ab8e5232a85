package password_test

import (
	"math"
	"testing"
	"testing/fstest"

	"auth.books.test/services/auth-api/internal/password"
)

func TestSlotsLeaveAProcessorAndMemory(t *testing.T) {
	t.Parallel()
	big := password.Params{MemoryKiB: 64 << 10, Time: 3, Threads: 1}
	for _, c := range []struct {
		name   string
		procs  int
		limit  int64
		params password.Params
		want   int
	}{
		{"one processor", 1, 0, password.DefaultParams(), 1},
		{"two", 2, 0, password.DefaultParams(), 1},
		{"eight", 8, 0, password.DefaultParams(), 7},
		{"eight, no limit", 8, math.MaxInt64, password.DefaultParams(), 7},
		{"eight in 512 MiB", 8, 512 << 20, password.DefaultParams(), 7},
		{"eight in 256 MiB", 8, 256 << 20, password.DefaultParams(), 5},
		{"eight in 128 MiB", 8, 128 << 20, password.DefaultParams(), 1},
		{"eight in 32 MiB, less than the reserve", 8, 32 << 20, password.DefaultParams(), 1},
		{"eight in 512 MiB at 64 MiB a hash", 8, 512 << 20, big, 3},
	} {
		if got := password.SlotsFor(c.procs, c.limit, c.params); got != c.want {
			t.Errorf("%s: %d slots, want %d", c.name, got, c.want)
		}
	}
}

func TestSlotsAndTheRuntimeShareTheMemory(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, c := range []struct {
		name  string
		slots int
		limit int64
		want  int64
	}{
		{"one slot in 256 MiB", 1, 256 * mib, 196},
		{"five slots in 256 MiB", 5, 256 * mib, 59},
		{"one slot in 512 MiB", 1, 512 * mib, 426},
		{"more slots than there is memory for", 9, 128 * mib, 57},
	} {
		if got := password.RuntimeMemory(c.slots, c.limit, password.DefaultParams()) / mib; got != c.want {
			t.Errorf("%s: %d MiB, want %d", c.name, got, c.want)
		}
	}
}

func TestMemoryLimitIsTheLowest(t *testing.T) {
	t.Parallel()
	const v2, v1 = "memory.max", "memory/memory.limit_in_bytes"
	for _, c := range []struct {
		name       string
		runtime    int64
		file, text string
		want       int64
	}{
		{"neither", math.MaxInt64, "", "", math.MaxInt64},
		{"the runtime's", 1 << 28, "", "", 1 << 28},
		{"the group's", math.MaxInt64, v2, "268435456\n", 1 << 28},
		{"the group's, version 1", math.MaxInt64, v1, "268435456\n", 1 << 28},
		{"both, runtime lower", 1 << 27, v2, "268435456\n", 1 << 27},
		{"both, group lower", 1 << 29, v2, "268435456\n", 1 << 28},
		{"a group without one", 1 << 29, v2, "max\n", 1 << 29},
		{"a file that makes no sense", 1 << 29, v2, "-1", 1 << 29},
	} {
		files := fstest.MapFS{}
		if c.file != "" {
			files[c.file] = &fstest.MapFile{Data: []byte(c.text)}
		}
		if got := password.MemoryLimit(c.runtime, files); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
