package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// line is one of the recorded terminal.
type line struct {
	kind kind
	text string
}

type kind int

const (
	output kind = iota
	command
	comment
)

const (
	authAPI    = "127.0.0.1:8000"
	helloworld = "127.0.0.1:8080"
)

// session runs the programs and what is shown, and gives the lines of the terminal.
func session(ctx context.Context, dir string) (lines []line, err error) {
	for name, pkg := range map[string]string{"auth-api": "./services/auth-api/dev", "helloworld": "./services/helloworld"} {
		if out, err := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", filepath.Join(dir, name), pkg).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w: %s", name, err, out)
		}
	}
	dev, err := start(ctx, filepath.Join(dir, "auth-api"), []string{"AUTH_API_ADDR=" + authAPI}, "dev", "--dir", filepath.Join(dir, ".dev"))
	if err != nil {
		return nil, err
	}
	defer dev.stop()
	if err := dev.says(ctx, "Ctrl-C stops everything."); err != nil {
		return nil, err
	}
	printed := dev.text()
	store := regexp.MustCompile(`SESSION_DB_URL='([^']*)' SESSION_DB_TOKEN_KEY_FILE='([^']*)' go run`).FindStringSubmatch(printed)
	signIn := regexp.MustCompile(`(?m)^TOKEN=.*$`).FindString(printed)
	serves := regexp.MustCompile(`(?m)^auth-api serves on .*$`).FindString(printed)
	if store == nil || signIn == "" || serves == "" {
		return nil, fmt.Errorf("make run prints other lines than before:\n%s", printed)
	}
	hello, err := start(ctx, filepath.Join(dir, "helloworld"), []string{"HELLOWORLD_ADDR=" + helloworld, "SESSION_DB_URL=" + store[1], "SESSION_DB_TOKEN_KEY_FILE=" + store[2]})
	if err != nil {
		return nil, err
	}
	defer hello.stop()
	if err := answers(ctx, "http://"+helloworld+"/readyz"); err != nil {
		return nil, err
	}
	token, err := shell(ctx, signIn+"\nprintf %s \"$TOKEN\"")
	if err != nil {
		return nil, err
	}
	lines = []line{
		{command, "make run"},
		{output, serves},
		{comment, "Sign in: an opaque token, of which no store holds more than a keyed hash."},
		{command, "TOKEN=$(curl -s :8000/v1/sessions -d '{\"email\":\"ada@books.test\", …}' | jq -r .access_token)"},
		{comment, "Another service verifies it by itself, from memory."},
		{command, `curl -s :8080/hello -H "Authorization: Bearer $TOKEN"`},
	}
	greeting, status, err := call(ctx, http.MethodGet, "http://"+helloworld+"/hello", token)
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("helloworld answers %d, %w", status, err)
	}
	lines = append(lines, line{output, greeting},
		line{comment, "Sign out. The service is not told: Redis tells whoever has the token in memory."},
		line{command, `curl -s -X DELETE :8000/v1/sessions/current -H "Authorization: Bearer $TOKEN"`},
		line{command, `curl -s -i :8080/hello -H "Authorization: Bearer $TOKEN"`})
	if _, status, err = call(ctx, http.MethodDelete, "http://"+authAPI+"/v1/sessions/current", token); err != nil || status != http.StatusNoContent {
		return nil, fmt.Errorf("the sign-out is answered with %d, %w", status, err)
	}
	ended, tries := time.Now(), 0
	for status = http.StatusOK; status == http.StatusOK; tries++ {
		if greeting, status, err = call(ctx, http.MethodGet, "http://"+helloworld+"/hello", token); err != nil {
			return nil, err
		}
	}
	if status != http.StatusUnauthorized {
		return nil, fmt.Errorf("after the sign-out helloworld answers %d: %s", status, greeting)
	}
	return append(lines, line{output, "HTTP/1.1 401 Unauthorized"}, line{output, greeting},
		line{comment, fmt.Sprintf("Denied %s after the sign-out was answered, at request %d.", took(time.Since(ended)), tries)}), nil
}

func took(d time.Duration) string {
	if d < 100*time.Microsecond {
		return d.Round(time.Microsecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

func call(ctx context.Context, method, url, token string) (body string, status int, err error) {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return "", 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return strings.TrimSpace(string(b)), response.StatusCode, err
}

func shell(ctx context.Context, script string) (string, error) {
	out, err := exec.CommandContext(ctx, "bash", "-c", script).Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", script, err)
	}
	return string(out), nil
}

// program is one that runs.
type program struct {
	cmd *exec.Cmd
	mu  sync.Mutex // guards out
	out bytes.Buffer
}

func start(ctx context.Context, path string, env []string, args ...string) (*program, error) {
	p := &program{cmd: exec.CommandContext(ctx, path, args...)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(path), err)
	}
	return p, nil
}

func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

func (p *program) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *program) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

// says waits until the program has printed a text.
func (p *program) says(ctx context.Context, text string) error {
	for !strings.Contains(p.text(), text) {
		if err := pause(ctx); err != nil {
			return fmt.Errorf("%s does not say %q: %w\n%s", filepath.Base(p.cmd.Path), text, err, p.text())
		}
	}
	return nil
}

// answers waits until a URL is answered with 200.
func answers(ctx context.Context, url string) error {
	for {
		if _, status, err := call(ctx, http.MethodGet, url, ""); err == nil && status == http.StatusOK {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("%s is not answered: %w", url, err)
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(50 * time.Millisecond):
		return nil
	}
}
