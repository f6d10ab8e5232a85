package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/contract"
	"auth.books.test/internal/devstack/devtest"
)

const tokenKey = "t1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// serviceKey is auth-api's, where a test starts it too; helloworld never has it.
const serviceKey = "s1:YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3ODlhYmNkZWY="

// binaries is where the programs under test are, built once.
var binaries string

// documents are the OpenAPI documents of the services under test.
var documents contract.Documents

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "helloworld-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binaries = dir
		args := []string{"build", "-buildvcs=false", "-o", dir}
		if raceEnabled {
			args = append(args, "-race")
		}
		build := exec.Command("go", append(args, ".", "../auth-api")...)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "build helloworld and auth-api:", err)
			return 1
		}
		return devtest.Main(m)
	}())
}

// settings are the environment of a process, without that of the tests.
type settings map[string]string

func (s settings) list() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "GORACE=halt_on_error=1"}
	for name, value := range s {
		env = append(env, name+"="+value)
	}
	return env
}

// program is a running service.
type program struct {
	t     *testing.T
	url   string
	log   *devtest.Output
	cmd   *exec.Cmd
	ended chan struct{}
	http  *http.Client
}

// helloworld runs it on a Redis, with the settings changed.
func helloworld(t *testing.T, redisURL string, change ...func(settings)) *program {
	t.Helper()
	env := settings{
		"HELLOWORLD_ADDR": "127.0.0.1:0", "HELLOWORLD_SHUTDOWN_DELAY": "0s",
		"SESSION_DB_URL": redisURL, "SESSION_DB_TOKEN_KEY": tokenKey,
	}
	for _, c := range change {
		c(env)
	}
	return start(t, env, "helloworld")
}

// start runs a program until the end of the test, and waits until it serves.
func start(t *testing.T, env settings, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, log: &devtest.Output{}, ended: make(chan struct{}), http: http.DefaultClient}
	if name == "auth-api" { // which has a document
		p.http = &http.Client{Transport: &contract.Transport{Documents: &documents, OnFault: func(err error) { t.Error(err) }}}
	}
	p.cmd = exec.Command(filepath.Join(binaries, name), args...)
	p.cmd.Env = env.list()
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.stop)
	serving := regexp.MustCompile(`"msg":"serving","addr":"([^"]+)"`)
	eventually(t, name+" serves", func() bool {
		select {
		case <-p.ended:
			t.Fatalf("%s ended: %s", name, p.log)
		default:
		}
		found := serving.FindStringSubmatch(p.log.String())
		if found != nil {
			p.url = "http://" + found[1]
		}
		return found != nil
	})
	return p
}

func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		p.t.Error("it did not stop")
	}
	if strings.Contains(p.log.String(), "DATA RACE") {
		p.t.Errorf("a data race:\n%s", p.log)
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) text(name string) string {
	s, _ := a.body[name].(string)
	return s
}

// call sends JSON with a token, if there is one.
func (p *program) call(method, path, token string, body any) answer {
	p.t.Helper()
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		reader = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, reader)
	if err != nil {
		p.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := p.http.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	out := answer{status: response.StatusCode, header: response.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &out.body)
	return out
}

func (p *program) hello(token string) answer {
	p.t.Helper()
	return p.call("GET", "/hello", token, nil)
}

// want checks status, code and challenge of an answer.
func want(t *testing.T, got answer, status int, code, challenge string) {
	t.Helper()
	if got.status != status || got.text("code") != code || got.header.Get("WWW-Authenticate") != challenge {
		t.Errorf("got %d %s %s, want %d %s %s", got.status, got.raw, got.header.Get("WWW-Authenticate"), status, code, challenge)
	}
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}
