package watch

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// stopWait is how long the program may take to end after SIGTERM.
const stopWait = 15 * time.Second

// child is the running program; nil means that none runs.
type child struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// start runs the command in a process group of its own. A Ctrl-C in the terminal then
// reaches only this process, which stops the command in order.
func start(o Options) (*child, error) {
	c := &child{cmd: exec.Command(o.Command[0], o.Command[1:]...), ended: make(chan struct{})}
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = o.Root, o.Stdout, o.Stderr
	c.cmd.SysProcAttr = attributes()
	started := make(chan error, 1)
	go func() {
		// The kernel sends the parent-death signal when this thread ends, so the goroutine
		// keeps the thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			_ = c.cmd.Wait()
			close(c.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Command[0], err)
	}
	return c, nil
}

func (c *child) done() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.ended
}

func (c *child) stop() {
	if c == nil {
		return
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(stopWait):
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
		<-c.ended
	}
}
