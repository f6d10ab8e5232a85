package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

const (
	// statementCalls is how many calls a round makes, from eight connections.
	statementCalls = 1000
	statementBar   = 0.5
)

// statementBenchmarks are those that compare a grant with its statements, by name.
func statementBenchmarks() []struct{ name, what string } {
	return []struct{ name, what string }{
		{"BenchmarkCodeExchangeAgainstItsStatements", "code exchanges"},
		{"BenchmarkRefreshAgainstItsStatements", "refreshes"},
		{"BenchmarkClientCredentialsAgainstTheirStatements", "tokens for client credentials"},
	}
}

// measureStatements compares the grants of the token endpoint with the statements that they
// send, on the stores of the bench. The service's own benchmarks do it: only they can record
// the statements.
func measureStatements(ctx context.Context, st *stack, s settings, t *table) error {
	test := exec.CommandContext(ctx, "go", "test", "-p", "1", "-run", "^$", "-bench", "Against(Its|Their)Statements$", "-benchtime", fmt.Sprintf("%dx", statementCalls),
		"-count", strconv.Itoa(s.rounds), "-timeout", "1h", "./services/auth-api/internal/authorization", "./services/auth-api/internal/oauth")
	test.Env = append(os.Environ(), "AUTH_TEST_DB_URL="+st.postgres.URL, "SESSION_TEST_DB_URL="+st.redis.URL)
	// Interrupted, not killed: then it ends what it has started.
	test.Cancel = func() error { return test.Process.Signal(os.Interrupt) }
	test.WaitDelay = stopWait
	out, err := test.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run the benchmarks: %w: %s", errors.Join(ctx.Err(), err), out)
	}
	for _, b := range statementBenchmarks() {
		calls, replays, ratio := metricOf(string(out), b.name, "calls/s"), metricOf(string(out), b.name, "replays/s"), metricOf(string(out), b.name, "ratio")
		if len(calls) != s.rounds || len(replays) != s.rounds || len(ratio) != s.rounds {
			return fmt.Errorf("%s has no %d results: %s", b.name, s.rounds, out)
		}
		against := spreadOf(ratio)
		t.add(b.what+", a second", spreadOf(calls).digits(0)+"; their statements alone "+spreadOf(replays).digits(0))
		t.judge(b.what+" against their statements alone", against.digits(2), fmt.Sprintf("at least %.1f", statementBar), against.median >= statementBar)
	}
	return nil
}

// metricOf reads the values of a benchmark's metric out of what go test prints: a line for
// each time it ran, with values and units in turn.
func metricOf(output, benchmark, unit string) (values []float64) {
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) == 0 || !strings.HasPrefix(fields[0]+"-", benchmark+"-") {
			continue
		}
		for n := 2; n+1 < len(fields); n += 2 {
			if value, err := strconv.ParseFloat(fields[n], 64); err == nil && fields[n+1] == unit {
				values = append(values, value)
			}
		}
	}
	return values
}
