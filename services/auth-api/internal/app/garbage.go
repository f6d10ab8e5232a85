package app

import (
	"os"
	"runtime/debug"
)

// garbagePercent is GOGC. The live heap is a few MiB, so with Go's default of 100 a burst
// of tokens that are not cached yet makes the collector run thirty times a second
// (`make bench`, "GET /verify, strict"). A memory limit still has precedence.
const garbagePercent = 200

// allowGarbage sets GOGC, unless the environment does.
func allowGarbage() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(garbagePercent)
	}
}

// settle returns memory that only the start needed to the system (`make bench`, memory,
// idle after the start).
func settle() { debug.FreeOSMemory() }
