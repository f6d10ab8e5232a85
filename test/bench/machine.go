package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// machine describes where this was measured. The load average is that of the
// minute before: what others did, not what we do.
func (st *stack) machine(now time.Time, loadBefore string) string {
	parts := []string{now.UTC().Format(time.DateOnly), fmt.Sprintf("%d processors", runtime.NumCPU())}
	if model := lineOf("/proc/cpuinfo", "model name"); model != "" {
		parts[1] += " (" + model + ")"
	}
	system := runtime.GOOS + "/" + runtime.GOARCH
	if name := lineOf("/etc/os-release", "PRETTY_NAME"); name != "" {
		system += " (" + name + ")"
	}
	parts = append(parts, system, runtime.Version(), plain(st.postgres.Note), plain(st.redis.Note))
	if loadBefore != "" {
		parts = append(parts, "load average of the minute before "+loadBefore)
	}
	return strings.Join(parts, "; ") + "."
}

// plain leaves out where a program was found.
func plain(note string) string {
	before, _, _ := strings.Cut(note, " from ")
	return before
}

// loadAverage of the last minute; empty where the kernel does not say.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	minute, _, _ := strings.Cut(string(b), " ")
	return minute
}

// lineOf finds a value in a file of name=value or name: value lines; empty if
// it is not there.
func lineOf(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return field(string(b), name)
}

func field(text, name string) string {
	for line := range strings.Lines(text) {
		if i := strings.IndexAny(line, ":="); i >= 0 && strings.TrimSpace(line[:i]) == name {
			return strings.Trim(strings.TrimSpace(line[i+1:]), `"`)
		}
	}
	return ""
}
