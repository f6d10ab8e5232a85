package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// outcome is how a test ended in the last run.
type outcome string

const (
	notRun  outcome = "not run"
	passed  outcome = "passed"
	skipped outcome = "skipped"
	failed  outcome = "**failed**"
)

// outcomes reads what `go test -json` writes, and returns the outcome of each test at the top.
// Of tests with one name in several packages, the worst counts.
func outcomes(r io.Reader) (map[string]outcome, error) {
	all := map[string]outcome{}
	rank := map[outcome]int{"": 0, passed: 1, skipped: 2, failed: 3}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event struct{ Action, Test string }
		if json.Unmarshal(lines.Bytes(), &event) != nil {
			continue // What a compiler writes is not JSON.
		}
		got := map[string]outcome{"pass": passed, "skip": skipped, "fail": failed}[event.Action]
		if event.Test != "" && rank[got] > rank[all[event.Test]] {
			all[event.Test] = got
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the results: %w", err)
	}
	return all, nil
}
