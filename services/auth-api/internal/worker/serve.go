package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"auth.books.test/services/auth-api/internal/password"
)

// greeting is the first that a worker sends.
type greeting struct {
	// Refusal says why it cannot work; empty if it can.
	Refusal string
}

// Serve is a worker: it takes the rank, then reads works (JSON) and writes their
// keys until the input ends, as it does when its crew does.
func Serve(rank Rank, in io.Reader, out io.Writer) error {
	to, from := json.NewEncoder(out), json.NewDecoder(in)
	var hello greeting
	if err := rank.take(); err != nil {
		hello.Refusal = fmt.Sprintf("take the rank %s: %v", rank, err)
	}
	if err := to.Encode(hello); err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	// Collected after each work instead: so no more than the memory of one is held,
	// and nobody waits for it.
	debug.SetGCPercent(-1)
	for {
		var w password.Work
		if err := from.Decode(&w); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read work: %w", err)
		}
		key, err := derive(w, rank)
		if err != nil {
			return err
		}
		if err := to.Encode(key); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		runtime.GC()
	}
}

// derive does the work on as many threads as it has lanes.
func derive(w password.Work, rank Rank) (key []byte, err error) {
	if lanes := int(w.Params.Threads); runtime.GOMAXPROCS(0) != lanes {
		runtime.GOMAXPROCS(lanes)
	}
	if rank != GivesWay || w.Params.Threads > 1 {
		return password.Argon2id(w)
	}
	failed := onOne(func() { key, err = password.Argon2id(w) })
	return key, errors.Join(failed, err)
}
