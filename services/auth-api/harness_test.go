package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/contract"
	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
)

const (
	email      = "ada@books.test"
	password   = "notes on the analytical engine"
	tokenKey   = "t1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	serviceKey = "s1:YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3ODlhYmNkZWY="
)

// binary is the program under test, built once.
var binary string

// devBinary is the one for development, built when it is first needed.
var devBinary = sync.OnceValue(func() string {
	path := filepath.Join(filepath.Dir(binary), "dev")
	if err := build(path, "./dev"); err != nil {
		panic(err)
	}
	return path
})

func build(path, of string) error {
	args := []string{"build", "-buildvcs=false", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, of)...)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build %s: %w", of, err)
	}
	return nil
}

// documents are the OpenAPI documents of the services under test.
var documents contract.Documents

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "auth-api-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "auth-api")
		if err := build(binary, "."); err != nil {
			fmt.Fprintln(os.Stderr, err)
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

// api is a running auth-api.
type api struct {
	t       *testing.T
	url     string
	metrics string
	log     *devtest.Output
	cmd     *exec.Cmd
	ended   chan struct{}
	env     settings
	// contract holds every answer against the API's document; http sends through it.
	contract *contract.Transport
	http     *http.Client
}

// start runs auth-api on stores of its own, with the settings changed.
func start(t *testing.T, change ...func(settings)) *api {
	t.Helper()
	env := settings{
		"AUTH_DB_URL": schematest.Database(t), "SESSION_DB_URL": devtest.Redis(t), "SESSION_DB_TOKEN_KEY": tokenKey, "AUTH_API_SERVICE_KEY": serviceKey,
		"AUTH_API_ADDR": "127.0.0.1:0", "AUTH_API_METRICS_ADDR": "127.0.0.1:0", "AUTH_API_SHUTDOWN_DELAY": "0s",
		"PASSWORD_QUEUE": "200",
	}
	for _, c := range change {
		c(env)
	}
	return startWith(t, env)
}

var serving = regexp.MustCompile(`"msg":"serving","addr":"([^"]+)","metrics":"([^"]+)"`)

func startWith(t *testing.T, env settings) *api {
	t.Helper()
	a := &api{t: t, log: &devtest.Output{}, ended: make(chan struct{}), env: env}
	a.contract = &contract.Transport{Documents: &documents, OnFault: func(err error) { t.Error(err) }}
	a.http = &http.Client{Transport: a.contract}
	a.cmd = exec.Command(binary, "serve")
	a.cmd.Env = env.list()
	a.cmd.Stdout, a.cmd.Stderr = a.log, a.log
	// Its workers write there too, and may have no processor to end for a while.
	a.cmd.WaitDelay = 5 * time.Second
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = a.cmd.Wait()
		close(a.ended)
	}()
	t.Cleanup(a.stop)
	eventually(t, "auth-api serves", func() bool {
		select {
		case <-a.ended:
			t.Fatalf("auth-api ended: %s", a.log)
		default:
		}
		found := serving.FindStringSubmatch(a.log.String())
		if found == nil {
			return false
		}
		a.url, a.metrics = "http://"+found[1], "http://"+found[2]+"/metrics"
		return true
	})
	return a
}

func (a *api) stop() {
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-a.ended:
	case <-time.After(30 * time.Second):
		_ = a.cmd.Process.Kill()
		a.t.Error("auth-api did not stop")
	}
	if strings.Contains(a.log.String(), "DATA RACE") {
		a.t.Errorf("a data race:\n%s", a.log)
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) code() string {
	code, _ := a.body["code"].(string)
	return code
}

func (a answer) text(name string) string {
	s, _ := a.body[name].(string)
	return s
}

// call sends JSON with a token, if there is one.
func (a *api) call(method, path, token string, body any) answer {
	a.t.Helper()
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			a.t.Fatal(err)
		}
		reader = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return a.send(r)
}

func (a *api) send(r *http.Request) answer {
	a.t.Helper()
	response, err := a.http.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	out := answer{status: response.StatusCode, header: response.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &out.body)
	return out
}

func (a *api) want(got answer, status int, code string) {
	a.t.Helper()
	if got.status != status || got.code() != code {
		a.t.Errorf("got %d %s, want %d %q", got.status, got.raw, status, code)
	}
}

func (a *api) register(email, password string) answer {
	a.t.Helper()
	return a.call("POST", "/v1/accounts", "", map[string]string{"email": email, "password": password})
}

// signIn returns the token and the session's id.
func (a *api) signIn(email, password string) (token, session string) {
	a.t.Helper()
	got := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	if got.status != http.StatusCreated {
		a.t.Fatalf("sign in: %d %s", got.status, got.raw)
	}
	view, _ := got.body["session"].(map[string]any)
	session, _ = view["id"].(string)
	return got.text("access_token"), session
}

// member registers the usual account and signs it in.
func (a *api) member() (token, session string) {
	a.t.Helper()
	if got := a.register(email, password); got.status != http.StatusAccepted {
		a.t.Fatalf("register: %d %s", got.status, got.raw)
	}
	return a.signIn(email, password)
}

func (a *api) me(token string) answer {
	a.t.Helper()
	return a.call("GET", "/v1/accounts/me", token, nil)
}

// run is a command of auth-api in the same settings.
func (a *api) run(args ...string) (string, error) { return runWith(a.env, args...) }

func runWith(env settings, args ...string) (string, error) { return runProgram(binary, env, args...) }

func runDev(env settings, args ...string) (string, error) {
	return runProgram(devBinary(), env, append([]string{"dev"}, args...)...)
}

func runProgram(program string, env settings, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env.list()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (a *api) postgres() *pgxpool.Pool {
	a.t.Helper()
	db, err := pgxpool.New(context.Background(), a.env["AUTH_DB_URL"])
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(db.Close)
	return db
}

func (a *api) redis() *redis.Client {
	a.t.Helper()
	options, err := redis.ParseURL(a.env["SESSION_DB_URL"])
	if err != nil {
		a.t.Fatal(err)
	}
	client := redis.NewClient(options)
	a.t.Cleanup(func() { _ = client.Close() })
	return client
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	within(t, 30*time.Second, what, holds)
}

func within(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}
