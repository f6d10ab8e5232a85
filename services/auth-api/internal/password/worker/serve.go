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

// greeting is the first message of a worker.
type greeting struct {
	// Refusal is why it cannot work; empty if it can.
	Refusal string
}

// Serve is the main loop of a worker. It gives the process the priority, then reads
// password.Work values (JSON) and writes a key for each. It returns when the input
// ends, which also happens if the parent process dies.
func Serve(priority Priority, in io.Reader, out io.Writer) error {
	to, from := json.NewEncoder(out), json.NewDecoder(in)
	var hello greeting
	if err := priority.apply(); err != nil {
		hello.Refusal = fmt.Sprintf("set the priority %s: %v", priority, err)
	}
	if err := to.Encode(hello); err != nil {
		return fmt.Errorf("send the greeting: %w", err)
	}
	// The garbage collector runs after each reply instead: nobody waits for it then, and
	// the process never holds the memory of two hashes. It is why sign-ins are faster
	// than argon2id alone (`make bench`, "sign-ins against argon2id alone": 1.1).
	debug.SetGCPercent(-1)
	for {
		var w password.Work
		if err := from.Decode(&w); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read work: %w", err)
		}
		key, err := derive(w, priority)
		if err != nil {
			return err
		}
		if err := to.Encode(key); err != nil {
			return fmt.Errorf("send the key: %w", err)
		}
		if w.Foreign == "" {
			runtime.GC()
		} else {
			// The memory of a hash of another program may be several times that of ours.
			debug.FreeOSMemory()
		}
	}
}

// derive hashes on as many threads as the hash has lanes; one for hashes of other programs.
func derive(w password.Work, priority Priority) (key []byte, err error) {
	if lanes := max(1, int(w.Params.Threads)); runtime.GOMAXPROCS(0) != lanes {
		runtime.GOMAXPROCS(lanes)
	}
	if priority != Idle || w.Params.Threads > 1 {
		return password.InProcess(w)
	}
	failed := pinned(func() { key, err = password.InProcess(w) })
	return key, errors.Join(failed, err)
}
