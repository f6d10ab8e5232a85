package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

// workers are the process ids of those that hash for the service.
func (a *api) workers() (ids []int) {
	a.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		a.t.Fatal(err)
	}
	for _, file := range files {
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if parent, alive := processOf(id); alive && parent == a.cmd.Process.Pid {
			ids = append(ids, id)
		}
	}
	return ids
}

// processOf reads /proc/PID/stat: "pid (name) state parent …". A zombie is not alive.
func processOf(id int) (parent int, alive bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(id) + "/stat")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	parent, err = strconv.Atoi(fields[1])
	return parent, err == nil && fields[0] != "Z"
}

// end polls for longer than others: while other tests use all processors, an
// idle-priority worker gets none in which to exit.
func (a *api) end(what string, ended func() bool) {
	a.t.Helper()
	devtest.Within(a.t, 10*time.Minute, what, ended)
}

func TestPasswordsAreHashedByWorkersThatAreToldNoSecrets(t *testing.T) {
	t.Parallel()
	a := start(t)
	if ids := a.workers(); len(ids) != 0 {
		t.Errorf("%d workers before anybody has signed in", len(ids))
	}
	a.member()
	ids := a.workers()
	if len(ids) == 0 {
		t.Fatal("no worker: passwords are hashed where verification waits for them")
	}
	for _, id := range ids {
		environment, err := os.ReadFile("/proc/" + strconv.Itoa(id) + "/environ")
		if err != nil || len(environment) > 0 {
			t.Errorf("a worker has the environment %q, %v", environment, err)
		}
	}
	if got := a.metric("auth_hash_alone_total"); !strings.HasSuffix(got, " 0") {
		t.Errorf("%s, want 0", got)
	}
	a.end("workers end when nobody signs in", func() bool { return len(a.workers()) == 0 })
	if got := a.metric("auth_hash_workers"); !strings.HasSuffix(got, " 0") {
		t.Errorf("%s, want 0", got)
	}
}

func TestAKilledWorkerCostsNobodyASignIn(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.member()
	for range 5 {
		for _, id := range a.workers() {
			_ = syscall.Kill(id, syscall.SIGKILL)
		}
		a.signIn(email, password)
	}
	wrong := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": "not the analytical engine"})
	a.want(wrong, 401, "invalid_credentials")
}

func TestNoWorkerOutlivesAServiceThatIsKilled(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.member()
	ids := a.workers()
	if len(ids) == 0 {
		t.Fatal("no worker")
	}
	if err := a.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		a.end("the worker ends", func() bool {
			_, alive := processOf(id)
			return !alive
		})
	}
}
