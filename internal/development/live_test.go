package development_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	ossignal "os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

// log is what a program printed so far.
type log struct{ devtest.Output }

func (l *log) until(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if strings.Contains(l.String(), text) {
			return
		}
	}
	t.Fatalf("%q was not printed: %s", text, l)
}

// program writes a program that says its version and its arguments, and then
// goes on as told.
func program(t *testing.T, path, version, then string) {
	t.Helper()
	text := fmt.Sprintf("#!/bin/sh\necho \"%s with $*\"\n%s\n", version, then)
	// As Tilt's tar does: the file that runs is unlinked, not written to.
	if err := os.WriteFile(path+".new", []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

const serves = "trap 'echo stopping; exit 0' TERM\nwhile :; do sleep 0.05; done"

// live starts scripts/live on /app/api of an image, with a volume.
func live(t *testing.T, image, volume string) (*exec.Cmd, *log) {
	t.Helper()
	// Under nohup SIGHUP is ignored, and no shell can trap what was ignored when it
	// began. What is caught here is as by default in a child.
	ossignal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(root, "scripts/live"), image, "serve", "two words")
	cmd.Env = append(os.Environ(), "LIVE="+volume)
	out := &log{}
	cmd.Stdout, cmd.Stderr = out, out
	// Ended with all that it started, whatever the test leaves behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return cmd, out
}

func signal(t *testing.T, cmd *exec.Cmd, s syscall.Signal) {
	t.Helper()
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// status waits for the end and gives what a container would end with.
func status(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

func TestLiveRunsTheNewProgramAfterTheSignal(t *testing.T) {
	t.Parallel()
	image, volume := filepath.Join(t.TempDir(), "api"), t.TempDir()
	program(t, image, "v1", serves)
	cmd, out := live(t, image, volume)
	out.until(t, "v1 with serve two words\n")
	for _, version := range []string{"v2", "v3", "v4"} {
		program(t, filepath.Join(volume, "api"), version, serves)
		signal(t, cmd, syscall.SIGHUP)
		out.until(t, version+" with serve two words\n")
	}
	if strings.Contains(out.String(), "stopping") {
		t.Error("the old program was asked to stop, and may take its time")
	}
	signal(t, cmd, syscall.SIGTERM)
	if s := status(t, cmd); s != 0 || !strings.Contains(out.String(), "stopping") {
		t.Errorf("stopped with %d: %s", s, out)
	}
}

// Kubernetes must see that a program does not work.
func TestCrashEndsTheContainerWithItsStatus(t *testing.T) {
	t.Parallel()
	image, volume := filepath.Join(t.TempDir(), "api"), t.TempDir()
	program(t, image, "v1", serves)
	cmd, out := live(t, image, volume)
	out.until(t, "v1")
	program(t, filepath.Join(volume, "api"), "v2", "exit 7")
	signal(t, cmd, syscall.SIGHUP)
	if s := status(t, cmd); s != 7 || !strings.Contains(out.String(), "v2") {
		t.Errorf("ended with %d: %s", s, out)
	}
}

// A volume outlives a container of its pod.
func TestContainerThatStartsAgainGoesOnWithTheNewProgram(t *testing.T) {
	t.Parallel()
	image, volume := filepath.Join(t.TempDir(), "api"), t.TempDir()
	program(t, image, "v1", "exit 0")
	program(t, filepath.Join(volume, "api"), "v2", "exit 0")
	cmd, out := live(t, image, volume)
	if s := status(t, cmd); s != 0 || out.String() != "v2 with serve two words\n" {
		t.Errorf("ended with %d: %s", s, out)
	}
}

func TestWithoutAVolumeThereIsAnError(t *testing.T) {
	t.Parallel()
	image := filepath.Join(t.TempDir(), "api")
	program(t, image, "v1", "exit 0")
	cmd, out := live(t, image, filepath.Join(t.TempDir(), "missing"))
	if s := status(t, cmd); s == 0 || strings.Contains(out.String(), "v1") {
		t.Errorf("ended with %d: %s", s, out)
	}
}
