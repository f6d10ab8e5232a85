package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"auth.books.test/services/auth-api/internal/password"
)

var (
	errNoWorker = errors.New("no worker can be started")
	errTimeout  = errors.New("the worker did not answer in time")
)

// exitTimeout is how long a worker may take to exit by itself. It is not hashing then:
// one that takes longer hangs, is stopped, or gets no processor.
const exitTimeout = 2 * time.Second

// process is the parent's side of a worker. It hashes one password at a time.
type process struct {
	priority Priority
	cmd      *exec.Cmd
	in       io.Closer
	to       *json.Encoder
	from     *json.Decoder
}

// start starts a worker and waits until it is ready, at most for the limit; some 10 ms
// are usual. The worker gets an empty environment, because ours holds secrets.
// Errors: errNoWorker, errTimeout.
func start(command []string, priority Priority, limit time.Duration) (*process, error) {
	cmd := exec.Command(command[0], append(slices.Clone(command[1:]), string(priority))...)
	cmd.Env = []string{}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoWorker, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoWorker, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoWorker, err)
	}
	p := &process{priority: priority, cmd: cmd, in: in, to: json.NewEncoder(in), from: json.NewDecoder(out)}
	if err := p.awaitGreeting(limit); err != nil {
		p.kill()
		p.end()
		return nil, err
	}
	return p, nil
}

func (p *process) awaitGreeting(limit time.Duration) error {
	var hello greeting
	err := p.within(limit, func() error { return p.from.Decode(&hello) })
	switch {
	case errors.Is(err, errTimeout):
		return fmt.Errorf("wait for the greeting: %w", err)
	case err != nil:
		return fmt.Errorf("%w: wait for the greeting: %w", errNoWorker, err)
	case hello.Refusal != "":
		return fmt.Errorf("%w: %s", errNoWorker, hello.Refusal)
	}
	return nil
}

// derive sends the work and reads the key. After an error the process must not be used
// again.
func (p *process) derive(w password.Work, limit time.Duration) (key []byte, err error) {
	err = p.within(limit, func() error {
		if err := p.to.Encode(w); err != nil {
			return fmt.Errorf("send the work: %w", err)
		}
		if err := p.from.Decode(&key); err != nil {
			return fmt.Errorf("read the key: %w", err)
		}
		return nil
	})
	if err == nil && uint32(len(key)) != w.Size {
		err = fmt.Errorf("the worker sent a key of %d bytes, not %d", len(key), w.Size)
	}
	return key, err
}

// within kills the process if do takes longer than the limit.
func (p *process) within(limit time.Duration, do func() error) error {
	timer := time.AfterFunc(limit, p.kill)
	err := do()
	if !timer.Stop() && err != nil {
		return fmt.Errorf("%w (%v): %w", errTimeout, limit, err)
	}
	return err
}

// end closes the worker's input, upon which it exits, and kills it if it has not exited
// after exitTimeout.
func (p *process) end() {
	_ = p.in.Close()
	timer := time.AfterFunc(exitTimeout, p.kill)
	go func() {
		_ = p.cmd.Wait()
		timer.Stop()
	}()
}

func (p *process) kill() {
	restoreNormal(p.cmd.Process.Pid)
	_ = p.cmd.Process.Kill()
}
