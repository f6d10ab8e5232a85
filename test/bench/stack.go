package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack"
	"auth.books.test/schema"
	"auth.books.test/verify/direct"
)

const (
	// email is the address of the account whose tokens are verified: 30 bytes.
	email = "lady.ada.k.lovelace@books.test"
	// crowd is the account that signs in by the hundred. It is another one, since the
	// sessions of an account over the limit of 100 end.
	crowd    = "crowd@books.test"
	password = "notes on the analytical engine"
)

// stack is what is measured: the release binary on real stores.
type stack struct {
	dir, binary     string
	postgres, redis *devstack.Store
	client          *redis.Client
	env             []string
	// tokenKey is the key ring, with which tokens can be made here.
	tokenKey string
}

// newStack builds auth-api, starts the stores and registers the account. The
// stores are always its own: it empties them.
func newStack(ctx context.Context) (*stack, error) {
	st := &stack{}
	if err := st.start(ctx); err != nil {
		return nil, errors.Join(err, st.stop())
	}
	return st, nil
}

func (st *stack) start(ctx context.Context) (err error) {
	if st.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if err := st.build(ctx); err != nil {
		return err
	}
	// Not Scratch: as in production, what is acknowledged is on the disk.
	if st.postgres, err = devstack.StartPostgres(ctx, devstack.Options{Dir: st.dir}); err != nil {
		return err
	}
	// The embedded stand-in for Redis would say nothing about Redis.
	if st.redis, err = devstack.StartRedis(ctx, devstack.Options{Dir: st.dir, Sources: []devstack.Source{devstack.Binary}}); err != nil {
		return err
	}
	options, err := direct.RedisOptions(st.redis.URL)
	if err != nil {
		return err
	}
	st.client = redis.NewClient(options)
	if _, err := schema.Current().Apply(ctx, st.postgres.URL, schema.Options{}); err != nil {
		return fmt.Errorf("apply the schema: %w", err)
	}
	st.tokenKey = newKey()
	st.env = []string{
		"AUTH_DB_URL=" + st.postgres.URL, "SESSION_DB_URL=" + st.redis.URL, "SESSION_DB_TOKEN_KEY=" + st.tokenKey, "AUTH_API_SERVICE_KEY=" + newKey(),
		"AUTH_API_SHUTDOWN_DELAY=0s", "AUTH_API_LOG_LEVEL=warn",
		// The bench signs in from one address.
		"AUTH_API_LIMIT_SIGN_IN=100000/1s", "AUTH_API_LIMIT_SIGN_IN_OVERALL=4000/1s", "AUTH_API_LIMIT_ACCOUNT=100000/1s", "AUTH_API_LIMIT_SESSION=off",
		"AUTH_API_LIMIT_REGISTRATION=100000/1s", "AUTH_API_LIMIT_REGISTRATION_OVERALL=5000/1s", "AUTH_API_LIMIT_CLIENT=100000/1s", "AUTH_API_LIMIT_CLIENT_OVERALL=3000/1s",
	}
	return st.register(ctx)
}

// newKey makes a ring of one key.
func newKey() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return "b1:" + base64.StdEncoding.EncodeToString(secret)
}

func (st *stack) build(ctx context.Context) error {
	st.binary = filepath.Join(st.dir, "auth-api")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", st.binary, "./services/auth-api")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	// Interrupted, not killed: then it ends its compilers and tidies up.
	build.Cancel = func() error { return build.Process.Signal(os.Interrupt) }
	build.WaitDelay = stopWait
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build auth-api: %w: %s", errors.Join(ctx.Err(), err), out)
	}
	return nil
}

// stop ends the stores and removes their data.
func (st *stack) stop() error {
	var errs []error
	if st.client != nil {
		errs = append(errs, st.client.Close())
	}
	for _, s := range []*devstack.Store{st.redis, st.postgres} {
		if s != nil {
			errs = append(errs, s.Stop())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(st.dir))...)
}

// serving runs auth-api while do does its work.
func (st *stack) serving(ctx context.Context, do func(api *program) error) error {
	api, err := st.startAPI(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(api), api.stop())
}

// startAPI runs auth-api serve, with more settings, until the caller stops it.
func (st *stack) startAPI(ctx context.Context, more ...string) (*program, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	metrics, err := freeAddr()
	if err != nil {
		return nil, err
	}
	env := slices.Concat([]string{"AUTH_API_ADDR=" + addr, "AUTH_API_METRICS_ADDR=" + metrics}, st.env, more)
	p, err := startProgram(ctx, exec.Command(st.binary, "serve"), env, addr, "/readyz")
	if err != nil {
		return nil, err
	}
	p.metrics = metrics
	return p, nil
}

// register makes the accounts, and grants the one whose tokens are verified what a
// typical one has.
func (st *stack) register(ctx context.Context) error {
	for _, address := range []string{email, crowd} {
		if err := st.createAccount(ctx, address); err != nil {
			return err
		}
	}
	return st.grant(ctx)
}

// createAccount makes an account with auth-api's command, with more settings.
func (st *stack) createAccount(ctx context.Context, address string, more ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	create := exec.CommandContext(ctx, st.binary, "account", "create", address, "--password-stdin")
	create.Env, create.Stdin = slices.Concat(st.env, more), strings.NewReader(password)
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("create an account: %w: %s", err, out)
	}
	return nil
}

// signIn gives an access token.
func (p *program) signIn(ctx context.Context) (token string, err error) {
	answer, err := p.post(ctx, "/v1/sessions", email, http.StatusCreated)
	if err != nil {
		return "", err
	}
	token, found := answer["access_token"].(string)
	if !found {
		return "", errors.New("a sign-in gave no access_token")
	}
	return token, nil
}

// post sends an account's credentials.
func (p *program) post(ctx context.Context, path, address string, status int) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.addr+path, bytes.NewReader(credentials(address)))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer := map[string]any{}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("read the answer to POST %s: %w", path, err)
	}
	if response.StatusCode != status {
		return nil, fmt.Errorf("POST %s: %d %v", path, response.StatusCode, answer["code"])
	}
	return answer, nil
}

func credentials(address string) []byte {
	return fmt.Appendf(nil, `{"email":%q,"password":%q}`, address, password)
}
