package servicetest_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

// helloworld is the smallest service there is.
const helloworld = "auth.books.test/services/helloworld"

func TestMain(m *testing.M) { os.Exit(servicetest.Main(m)) }

func TestProgramsAreBuiltOnceAndRun(t *testing.T) {
	t.Parallel()
	path := servicetest.Build(t, helloworld)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := os.Stat(servicetest.Build(t, helloworld))
	if err != nil || !os.SameFile(before, again) || !again.ModTime().Equal(before.ModTime()) {
		t.Errorf("it was built again (%v)", err)
	}
	if out, err := servicetest.Run(path, servicetest.Settings{}, "version"); err != nil || !strings.HasPrefix(out, "helloworld ") {
		t.Errorf("version: %v, %s", err, out)
	}
	if out, err := servicetest.Run(path, servicetest.Settings{"HELLOWORLD_ADDR": "nonsense"}); err == nil || !strings.Contains(out, "HELLOWORLD_ADDR: ") {
		t.Errorf("with a setting that is wrong: %v, %s", err, out)
	}
}

func TestServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	p := servicetest.Serve(t, servicetest.Build(t, helloworld), servicetest.Settings{
		"HELLOWORLD_ADDR": "127.0.0.1:0", "HELLOWORLD_SHUTDOWN_DELAY": "0s", "SESSION_DB_URL": devtest.Redis(t), "SESSION_DB_TOKEN_KEY": servicetest.TokenKey,
	})
	got := servicetest.Send(t, http.DefaultClient, servicetest.Request(t, "GET", p.URL+"/hello", "nonsense", nil))
	if got.Status != http.StatusUnauthorized || got.Text("code") != "invalid_token" {
		t.Errorf("%d %s", got.Status, got.Raw)
	}
	p.Stop()
	select {
	case <-p.Ended:
	default:
		t.Error("it goes on")
	}
	if !p.Cmd.ProcessState.Success() {
		t.Errorf("it ended with %v: %s", p.Cmd.ProcessState, p.Log)
	}
}
