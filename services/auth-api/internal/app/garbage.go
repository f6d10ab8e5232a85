package app

import (
	"os"
	"runtime/debug"
)

// garbagePercent is how much garbage there may be against what is alive. That is
// a few MiB: at Go's own 100, a burst of first sights collects thirty times a
// second. The memory limit, if there is one, goes first.
const garbagePercent = 200

// allowGarbage leaves GOGC to whoever sets it.
func allowGarbage() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(garbagePercent)
	}
}

// settle gives back what only the start needed.
func settle() { debug.FreeOSMemory() }
