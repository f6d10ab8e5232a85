package devstack

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// stopWait is how long a process may take to end by itself.
const stopWait = 15 * time.Second

// Process is a child process in its own process group. So Ctrl-C at the terminal reaches only
// this process, which then stops its children in order.
type Process struct {
	cmd  *exec.Cmd
	tail *tail
	done chan struct{}
	err  error
}

// start runs the program. stdin may be nil.
func start(path string, args []string, stdin io.Reader, log io.Writer, attr *syscall.SysProcAttr, dir string) (*Process, error) {
	p := &Process{tail: &tail{}, done: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir = dir
	p.cmd.Stdin = stdin
	p.cmd.Stdout = io.MultiWriter(log, p.tail)
	p.cmd.Stderr = p.cmd.Stdout
	p.cmd.SysProcAttr = attr
	p.cmd.Env = append(os.Environ(), "LC_ALL=C", "LANG=C")
	started := make(chan error, 1)
	go func() {
		// The parent-death signal is sent when the thread that forked ends, not the process.
		// This thread lives as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return p, nil
}

// Pid is the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err waits until the process has ended, and returns its state and the end of its output.
func (p *Process) Err() error {
	<-p.done
	return fmt.Errorf("%v: %s", p.cmd.ProcessState, p.tail)
}

// Signal sends a signal to the process alone.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Stop sends a signal to end the process, and kills its group if it does not end.
func (p *Process) Stop(s syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	_ = p.Signal(s)
	select {
	case <-p.done:
		return nil
	case <-time.After(stopWait):
		p.Kill()
		return fmt.Errorf("process %d did not end within %v and was killed", p.Pid(), stopWait)
	}
}

// Kill ends the process and its children at once.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL)
	<-p.done
}

// tail keeps the end of a program's output.
type tail struct {
	mu sync.Mutex // guards b
	b  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	if over := len(t.b) - 2048; over > 0 {
		t.b = t.b[over:]
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
