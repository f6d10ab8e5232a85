package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"auth.books.test/internal/devstack"
	"auth.books.test/schema"
)

const (
	email    = "ada.lovelace.1843@books.test"
	password = "notes on the analytical engine"
)

// stack is what is measured: the release binary on real stores.
type stack struct {
	dir, binary     string
	postgres, redis *devstack.Store
	env             []string
	api             *program
	token           string
}

func newStack(ctx context.Context) (st *stack, err error) {
	st = &stack{}
	defer func() {
		if err != nil {
			st.stop()
		}
	}()
	if st.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return st, fmt.Errorf("make a directory: %w", err)
	}
	st.binary = filepath.Join(st.dir, "auth-api")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", st.binary, "./services/auth-api")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return st, fmt.Errorf("build auth-api: %w: %s", err, out)
	}
	// As in production: everything that is acknowledged is on the disk.
	if st.postgres, err = devstack.StartPostgres(ctx, devstack.Options{URL: os.Getenv("AUTH_DB_URL"), Dir: st.dir}); err != nil {
		return st, err
	}
	if st.redis, err = devstack.StartRedis(ctx, devstack.Options{URL: os.Getenv("SESSION_DB_URL"), Dir: st.dir}); err != nil {
		return st, err
	}
	if _, err = schema.Current().Apply(ctx, st.postgres.URL, schema.Options{}); err != nil {
		return st, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	st.env = []string{
		"AUTH_DB_URL=" + st.postgres.URL, "SESSION_DB_URL=" + st.redis.URL, "SESSION_DB_TOKEN_KEY=b1:" + base64.StdEncoding.EncodeToString(key),
		"AUTH_API_METRICS_ADDR=127.0.0.1:0", "AUTH_API_SHUTDOWN_DELAY=0s", "AUTH_API_LOG_LEVEL=warn",
	}
	return st, nil
}

func (st *stack) stop() {
	st.api.stop()
	for _, s := range []*devstack.Store{st.postgres, st.redis} {
		if s != nil {
			_ = s.Stop()
		}
	}
	_ = os.RemoveAll(st.dir)
}

// serve starts auth-api, once, with an account that is signed in.
func (st *stack) serve(ctx context.Context) error {
	if st.api != nil {
		return nil
	}
	p, err := st.startAPI(ctx)
	if err != nil {
		return err
	}
	st.api = p
	if _, err := st.post(ctx, "/v1/accounts", http.StatusAccepted, map[string]string{"email": email, "password": password}); err != nil {
		return err
	}
	answer, err := st.post(ctx, "/v1/sessions", http.StatusCreated, map[string]string{"email": email, "password": password})
	if err != nil {
		return err
	}
	st.token, _ = answer["access_token"].(string)
	return nil
}

func (st *stack) startAPI(ctx context.Context) (*program, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return startProgram(ctx, exec.Command(st.binary, "serve"), append(st.env, "AUTH_API_ADDR="+addr), addr, "/readyz")
}

func (st *stack) post(ctx context.Context, path string, status int, body any) (map[string]any, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+st.api.addr+path, bytes.NewReader(b))
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
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != status {
		return nil, fmt.Errorf("POST %s: %d %v, %v", path, response.StatusCode, answer, err)
	}
	return answer, nil
}

// program is a server that runs as a process of its own.
type program struct {
	cmd     *exec.Cmd
	addr    string
	started time.Time
	// ready is how long it took from the start to the first answer.
	ready time.Duration
	ended chan struct{}
}

func startProgram(ctx context.Context, cmd *exec.Cmd, env []string, addr, readyPath string) (*program, error) {
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	cmd.Stderr = os.Stderr
	p := &program{cmd: cmd, addr: addr, ended: make(chan struct{}), started: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		_ = cmd.Wait()
		close(p.ended)
	}()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for ctx, cancel := context.WithTimeout(ctx, 30*time.Second); ; {
		response, err := client.Get("http://" + addr + readyPath)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode < 300 {
				p.ready = time.Since(p.started)
				cancel()
				return p, nil
			}
		}
		select {
		case <-ctx.Done():
			cancel()
			p.stop()
			return nil, errors.New(cmd.Path + " was not ready in time")
		case <-p.ended:
			cancel()
			return nil, errors.New(cmd.Path + " ended")
		case <-time.After(time.Millisecond):
		}
	}
}

func (p *program) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
