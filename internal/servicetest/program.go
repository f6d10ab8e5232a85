package servicetest

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

const (
	stopWait    = 30 * time.Second
	commandWait = time.Minute
)

// Program is a service that runs until the end of a test.
type Program struct {
	// URL is where it serves, Metrics where its metrics are, if it has any.
	URL, Metrics string
	Log          *devtest.Output
	Cmd          *exec.Cmd
	// Ended is closed when the process has ended.
	Ended chan struct{}

	t testing.TB
}

// serving is the line of the log with the addresses.
var serving = regexp.MustCompile(`"msg":"serving","addr":"([^"]+)"(?:,"metrics":"([^"]+)")?`)

// Serve starts a program and waits until it says that it serves.
func Serve(t testing.TB, path string, env Settings, args ...string) *Program {
	t.Helper()
	p := Start(t, path, env, args...)
	p.Eventually("it serves", func() bool {
		found := serving.FindStringSubmatch(p.Log.String())
		if found == nil {
			return false
		}
		p.URL = "http://" + found[1]
		if found[2] != "" {
			p.Metrics = "http://" + found[2] + "/metrics"
		}
		return true
	})
	return p
}

// Start starts a program, which is stopped at the end of the test at the latest.
func Start(t testing.TB, path string, env Settings, args ...string) *Program {
	t.Helper()
	p := &Program{t: t, Log: &devtest.Output{}, Ended: make(chan struct{})}
	p.Cmd = exec.Command(path, args...)
	p.Cmd.Env = env.List()
	p.Cmd.Stdout, p.Cmd.Stderr = p.Log, p.Log
	// auth-api's workers write there too, and may have no processor to end for a while.
	p.Cmd.WaitDelay = 5 * time.Second
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Cmd.Wait()
		close(p.Ended)
	}()
	t.Cleanup(p.Stop)
	return p
}

// Eventually polls until the condition holds. The test fails at once if the program ends.
func (p *Program) Eventually(what string, holds func() bool) {
	p.t.Helper()
	devtest.Eventually(p.t, what, func() bool {
		select {
		case <-p.Ended:
			p.t.Fatalf("%s ended: %s", p.Cmd.Path, p.Log)
		default:
		}
		return holds()
	})
}

// Stop asks the program to end, and fails the test if it does not or if it had a race.
func (p *Program) Stop() {
	_ = p.Cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.Ended:
	case <-time.After(stopWait):
		_ = p.Cmd.Process.Kill()
		p.t.Errorf("%s did not stop", p.Cmd.Path)
	}
	if strings.Contains(p.Log.String(), "DATA RACE") {
		p.t.Errorf("a data race:\n%s", p.Log)
	}
}

// Command runs a command of a program to its end and gives what it printed.
func Command(t testing.TB, pkg string, env Settings, args ...string) (string, error) {
	t.Helper()
	return CommandWithInput(t, pkg, env, "", args...)
}

// CommandWithInput is Command for one that reads the input.
func CommandWithInput(t testing.TB, pkg string, env Settings, input string, args ...string) (string, error) {
	t.Helper()
	return RunWithInput(buildCommand(t, pkg), env, input, args...)
}

// Run runs a program to its end and gives what it printed.
func Run(path string, env Settings, args ...string) (string, error) {
	return RunWithInput(path, env, "", args...)
}

// RunWithInput is Run of a program that reads the input.
func RunWithInput(path string, env Settings, input string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Stdin = env.List(), strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
