package clients_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
)

// binary is auth-api, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "clients-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "auth-api")
		build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "../../services/auth-api")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "build auth-api:", err)
			return 1
		}
		return devtest.Main(m)
	}())
}

// service is a running auth-api.
type service struct {
	url string
	env []string
}

func serve(t *testing.T) service {
	t.Helper()
	s := service{env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "AUTH_DB_URL=" + schematest.Database(t), "SESSION_DB_URL=" + devtest.Redis(t),
		"SESSION_DB_TOKEN_KEY=t1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "AUTH_API_SERVICE_KEY=s1:YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3ODlhYmNkZWY=",
		"AUTH_API_ADDR=127.0.0.1:0", "AUTH_API_METRICS_ADDR=127.0.0.1:0", "AUTH_API_SHUTDOWN_DELAY=0s",
	}}
	log, ended := &devtest.Output{}, make(chan struct{})
	cmd := exec.Command(binary, "serve")
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, log, log
	// Its workers write there too, and may have no processor to end for a while.
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	serving := regexp.MustCompile(`"msg":"serving","addr":"([^"]+)"`)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if found := serving.FindStringSubmatch(log.String()); found != nil {
			s.url = "http://" + found[1]
			return s
		}
	}
	t.Fatalf("auth-api does not serve: %s", log)
	return s
}

// client makes an API with a client, and is the environment of a journey.
func (s service) client(t *testing.T) []string {
	t.Helper()
	run(t, ".", s.env, binary, "api", "create", "books", "--scope", "books:read")
	made := printed.FindStringSubmatch(run(t, ".", s.env, binary, "client", "create", "books", "--name", "tests"))
	if made == nil {
		t.Fatal("client create printed no credentials")
	}
	return []string{"AUTH_URL=" + s.url, "CLIENT_ID=" + made[1], "CLIENT_SECRET=" + made[2]}
}

// save writes what a path answers to a file.
func (s service) save(t *testing.T, path, to string) {
	t.Helper()
	response, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", path, response.StatusCode, err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
