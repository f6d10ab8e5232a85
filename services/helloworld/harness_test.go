package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"testing"

	"auth.books.test/internal/contract"
	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

const (
	// pkg is the program under test.
	pkg      = "auth.books.test/services/helloworld"
	tokenKey = servicetest.TokenKey
)

// documents are the OpenAPI documents of the services under test.
var documents contract.Documents

func TestMain(m *testing.M) { os.Exit(servicetest.Main(m)) }

type settings = servicetest.Settings

// program is a running service.
type program struct {
	t     *testing.T
	url   string
	log   *devtest.Output
	cmd   *exec.Cmd
	ended chan struct{}
	stop  func()
	http  *http.Client
}

// startAPI runs the program on a Redis, with the settings changed.
func startAPI(t *testing.T, redisURL string, change ...func(settings)) *program {
	t.Helper()
	env := settings{
		"HELLOWORLD_ADDR": "127.0.0.1:0", "HELLOWORLD_SHUTDOWN_DELAY": "0s",
		"SESSION_DB_URL": redisURL, "SESSION_DB_TOKEN_KEY": tokenKey,
	}
	for _, c := range change {
		c(env)
	}
	return start(t, pkg, env)
}

// authAPI runs auth-api, whose answers are held against its document.
func authAPI(t *testing.T, env settings) *program {
	t.Helper()
	p := start(t, servicetest.AuthAPI, env, "serve")
	p.http = &http.Client{Transport: &contract.Transport{Documents: &documents, OnFault: func(err error) { t.Error(err) }}}
	return p
}

// start runs a program until the end of the test, and waits until it serves.
func start(t *testing.T, pkg string, env settings, args ...string) *program {
	t.Helper()
	p := servicetest.Serve(t, servicetest.Build(t, pkg), env, args...)
	return &program{t: t, url: p.URL, log: p.Log, cmd: p.Cmd, ended: p.Ended, stop: p.Stop, http: http.DefaultClient}
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
	got := servicetest.Send(p.t, p.http, servicetest.Request(p.t, method, p.url+path, token, body))
	return answer{got.Status, got.Header, got.Raw, got.Body}
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
