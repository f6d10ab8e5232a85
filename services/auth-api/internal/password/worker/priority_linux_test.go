package worker_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/password/worker"
)

// The worker runs without a pool, which would replace it if it missed a deadline.
func TestEveryThreadOfAWorkerIsIdleAndMayRunAnywhere(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "hash", string(worker.Idle))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	to, from := json.NewEncoder(in), json.NewDecoder(out)
	var hello struct{ Refusal string }
	if err := from.Decode(&hello); err != nil || hello.Refusal != "" {
		t.Fatalf("greeting %q, %v", hello.Refusal, err)
	}
	for _, lanes := range []uint8{4, 1} {
		w := password.Work{Salt: make([]byte, 16), Params: password.Params{MemoryKiB: 64, Time: 1, Threads: lanes}, Size: 32}
		var key []byte
		if err := to.Encode(w); err != nil {
			t.Fatal(err)
		}
		if err := from.Decode(&key); err != nil || len(key) != 32 {
			t.Fatalf("got a key of %d bytes, %v", len(key), err)
		}
	}
	var here unix.CPUSet
	if err := unix.SchedGetaffinity(0, &here); err != nil {
		t.Fatal(err)
	}
	threads, err := os.ReadDir("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/task")
	if err != nil || len(threads) < 2 {
		t.Fatalf("%d threads, %v: want at least 2, or the test shows nothing", len(threads), err)
	}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread.Name())
		if is, err := unix.SchedGetAttr(id, 0); err != nil || is.Policy != unix.SCHED_IDLE {
			t.Errorf("thread %d: %+v, %v; want SCHED_IDLE", id, is, err)
		}
		var there unix.CPUSet
		if err := unix.SchedGetaffinity(id, &there); err != nil || there != here {
			t.Errorf("thread %d: %d processors, %v; want %d", id, there.Count(), err, here.Count())
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it exited with %v", err)
	}
}
