package main_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/contract"
	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

const (
	email      = "ada@books.test"
	password   = "notes on the analytical engine"
	tokenKey   = servicetest.TokenKey
	serviceKey = servicetest.ServiceKey
)

// documents are the OpenAPI documents of the services under test.
var documents contract.Documents

// chromium is the browser of the tests.
var chromium sharedBrowser

func TestMain(m *testing.M) {
	code := servicetest.Main(m)
	chromium.close()
	os.Exit(code)
}

type settings = servicetest.Settings

// api is a running auth-api.
type api struct {
	t       *testing.T
	url     string
	metrics string
	log     *devtest.Output
	cmd     *exec.Cmd
	ended   chan struct{}
	stop    func()
	env     settings
	// contract holds every answer against the API's document; http sends through it.
	contract *contract.Transport
	http     *http.Client
	stores   *stores
}

// stores are the connections of a test to the stores of its auth-api. Each is opened when it is first
// used and then kept, so that a test which polls does not open one each time it asks.
type stores struct {
	opening  sync.Mutex // guards what is below
	postgres *pgxpool.Pool
	redis    *redis.Client
}

// start runs auth-api on stores of its own, with the settings changed.
func start(t *testing.T, change ...func(settings)) *api {
	t.Helper()
	env := servicetest.AuthAPISettings(t)
	for _, c := range change {
		c(env)
	}
	a := startWith(t, env)
	a.awaitRebuild()
	return a
}

// awaitRebuild waits for the first rebuild, before which a dead token is answered 503. It
// gives up where the stores of a test allow none.
func (a *api) awaitRebuild() {
	a.t.Helper()
	client, err := direct.Open(a.env["SESSION_DB_URL"])
	if err != nil {
		a.t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(a.t.Context(), 5*time.Second)
	defer cancel()
	devtest.Eventually(a.t, "the first rebuild is done, or cannot be", func() bool {
		marker, err := client.Get(ctx, token.RebuiltKey).Result()
		return strings.HasPrefix(marker, "2.") || err != nil && !errors.Is(err, redis.Nil)
	})
}

func startWith(t *testing.T, env settings) *api {
	t.Helper()
	p := servicetest.Serve(t, servicetest.Build(t, servicetest.AuthAPI), env, "serve")
	holder := &contract.Transport{Documents: &documents, OnFault: func(err error) { t.Error(err) }}
	return &api{
		t: t, url: p.URL, metrics: p.Metrics, log: p.Log, cmd: p.Cmd, ended: p.Ended, stop: p.Stop, env: env,
		contract: holder, http: &http.Client{Transport: holder}, stores: &stores{},
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
	return a.send(servicetest.Request(a.t, method, a.url+path, token, body))
}

func (a *api) send(r *http.Request) answer {
	a.t.Helper()
	got := servicetest.Send(a.t, a.http, r)
	return answer{got.Status, got.Header, got.Raw, got.Body}
}

func (a *api) want(got answer, status int, code string) {
	a.t.Helper()
	if got.status != status || got.code() != code {
		a.t.Errorf("got %d %s, want %d %q", got.status, got.raw, status, code)
	}
}

// register makes an account as an operator does. Nobody has proved its address.
func (a *api) register(email, password string) {
	a.t.Helper()
	servicetest.CreateAccount(a.t, a.env, email, password, false)
}

// asksForAccount asks for the code with which an account is made.
func (a *api) asksForAccount(email string) answer {
	a.t.Helper()
	return a.call("POST", "/v1/accounts", "", map[string]string{"email": email})
}

// openToAll lets everybody register. The mails stay in the outbox: nothing listens for them.
func openToAll(s settings) {
	s["AUTH_API_REGISTRATION"], s["AUTH_API_SMTP_URL"], s["AUTH_API_MAIL_FROM"] = "open", "smtp+insecure://127.0.0.1:9", "auth@books.test"
	if s["AUTH_API_ISSUER"] == "" {
		s["AUTH_API_ISSUER"] = "https://auth.books.test"
	}
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
	a.register(email, password)
	return a.signIn(email, password)
}

func (a *api) me(token string) answer {
	a.t.Helper()
	return a.call("GET", "/v1/accounts/me", token, nil)
}

// run is a command of auth-api in the same settings.
func (a *api) run(args ...string) (string, error) {
	a.t.Helper()
	return runWith(a.t, a.env, args...)
}

func runWith(t *testing.T, env settings, args ...string) (string, error) {
	t.Helper()
	return servicetest.Command(t, servicetest.AuthAPI, env, args...)
}

func runDev(t *testing.T, env settings, args ...string) (string, error) {
	t.Helper()
	return servicetest.Run(devBinary(t), env, append([]string{"dev"}, args...)...)
}

// devBinary is the program for development.
func devBinary(t *testing.T) string {
	t.Helper()
	return servicetest.Build(t, servicetest.Development)
}

func (a *api) postgres() *pgxpool.Pool {
	a.t.Helper()
	a.stores.opening.Lock()
	defer a.stores.opening.Unlock()
	if a.stores.postgres == nil {
		db, err := pgxpool.New(context.Background(), a.env["AUTH_DB_URL"])
		if err != nil {
			a.t.Fatal(err)
		}
		a.t.Cleanup(db.Close)
		a.stores.postgres = db
	}
	return a.stores.postgres
}

func (a *api) redis() *redis.Client {
	a.t.Helper()
	a.stores.opening.Lock()
	defer a.stores.opening.Unlock()
	if a.stores.redis == nil {
		options, err := redis.ParseURL(a.env["SESSION_DB_URL"])
		if err != nil {
			a.t.Fatal(err)
		}
		client := redis.NewClient(options)
		a.t.Cleanup(func() { _ = client.Close() })
		a.stores.redis = client
	}
	return a.stores.redis
}
