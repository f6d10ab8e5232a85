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
	errOverdue  = errors.New("it did not answer in time")
)

// farewell is how long a worker may take to end by itself: it has nothing to do
// then, so one that takes longer hangs, is stopped, or has no processor.
const farewell = 2 * time.Second

// process is a worker as its crew sees it. It does one work at a time.
type process struct {
	rank Rank
	cmd  *exec.Cmd
	in   io.Closer
	to   *json.Encoder
	from *json.Decoder
}

// start gives a worker that is ready within the limit; some 10 ms are usual. It
// gets nothing of our environment, which holds secrets. Errors: errNoWorker,
// errOverdue.
func start(command []string, rank Rank, limit time.Duration) (*process, error) {
	cmd := exec.Command(command[0], append(slices.Clone(command[1:]), string(rank))...)
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
	p := &process{rank: rank, cmd: cmd, in: in, to: json.NewEncoder(in), from: json.NewDecoder(out)}
	if err := p.greeted(limit); err != nil {
		p.kill()
		p.end()
		return nil, err
	}
	return p, nil
}

func (p *process) greeted(limit time.Duration) error {
	var hello greeting
	err := p.within(limit, func() error { return p.from.Decode(&hello) })
	switch {
	case errors.Is(err, errOverdue):
		return fmt.Errorf("wait for a greeting: %w", err)
	case err != nil:
		return fmt.Errorf("%w: wait for a greeting: %w", errNoWorker, err)
	case hello.Refusal != "":
		return fmt.Errorf("%w: %s", errNoWorker, hello.Refusal)
	}
	return nil
}

// derive sends the work and reads the key. After an error the process is of no
// use any more.
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
		err = fmt.Errorf("a key of %d bytes, not %d", len(key), w.Size)
	}
	return key, err
}

// within kills the process if it takes longer.
func (p *process) within(limit time.Duration, work func() error) error {
	overdue := time.AfterFunc(limit, p.kill)
	err := work()
	if !overdue.Stop() && err != nil {
		return fmt.Errorf("%w (%v): %w", errOverdue, limit, err)
	}
	return err
}

// end lets the process end by itself, as it does when nobody can send any more, and
// kills one that has not ended after farewell.
func (p *process) end() {
	_ = p.in.Close()
	overdue := time.AfterFunc(farewell, p.kill)
	go func() {
		_ = p.cmd.Wait()
		overdue.Stop()
	}()
}

func (p *process) kill() {
	hasten(p.cmd.Process.Pid)
	_ = p.cmd.Process.Kill()
}
