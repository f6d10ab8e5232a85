package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"auth.books.test/internal/devstack"
)

const (
	readyWait = 30 * time.Second
	stopWait  = 10 * time.Second
)

// program is a server that runs as a process of its own.
type program struct {
	cmd           *exec.Cmd
	addr, metrics string
	// ready is how long it took from the start to the first 2xx.
	ready time.Duration
	ended chan struct{}
}

// startProgram runs a server and waits until the path answers 2xx. Its
// environment is what is given and nothing of ours.
func startProgram(ctx context.Context, cmd *exec.Cmd, env []string, addr, readyPath string) (*program, error) {
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = attributes()
	p := &program{cmd: cmd, addr: addr, ended: make(chan struct{})}
	began := time.Now()
	started := make(chan error, 1)
	go func() {
		// The parent-death signal comes when the thread that forked ends, not
		// the process: this one lives as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait()
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	if err := p.untilReady(ctx, readyPath); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", cmd.Path, err), p.stop())
	}
	p.ready = time.Since(began)
	return p, nil
}

func (p *program) untilReady(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		response, err := client.Get("http://" + p.addr + path)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode/100 == 2 {
				return nil
			}
			err = errors.New(response.Status)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w: %w", ctx.Err(), err)
		case <-p.ended:
			return fmt.Errorf("it ended: %v", p.cmd.ProcessState)
		case <-time.After(time.Millisecond):
		}
	}
}

// stop asks the process to end, and kills it if it does not.
func (p *program) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopWait):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not end within %v and was killed", p.cmd.Path, stopWait)
	}
}

// freeAddr finds a loopback port that nobody listens on at the moment.
func freeAddr() (string, error) {
	port, err := devstack.FreePort("127.0.0.1")
	if err != nil {
		return "", err
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), nil
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
