package main_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

func run(t *testing.T, env settings, args ...string) (string, error) {
	t.Helper()
	return command(t, env, "helloworld", args...)
}

// command runs a program to its end.
func command(t *testing.T, env settings, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(binaries, name), args...)
	cmd.Env = env.list()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestSaysWhatIsWrongWithTheSettings(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, c := range map[string]struct {
		env  settings
		says []string
	}{
		"nothing is set":       {settings{}, []string{"SESSION_DB_HOST: it is needed", "SESSION_DB_TOKEN_KEY: it is needed"}},
		"a bad key":            {settings{"SESSION_DB_HOST": "r", "SESSION_DB_TOKEN_KEY": "hush-hush"}, []string{"SESSION_DB_TOKEN_KEY: key 1"}},
		"a bad URL":            {settings{"SESSION_DB_URL": "http://u:hush-hush@r", "SESSION_DB_TOKEN_KEY": tokenKey}, []string{"SESSION_DB_URL: the Redis URL cannot be read"}},
		"a port of Kubernetes": {settings{"SESSION_DB_PORT": "tcp://10.0.0.1:6379"}, []string{"SESSION_DB_PORT"}},
		"a file that is not":   {settings{"SESSION_DB_HOST": "r", "SESSION_DB_TOKEN_KEY_FILE": "/nothing"}, []string{"SESSION_DB_TOKEN_KEY_FILE: open /nothing"}},
		"an empty file":        {settings{"SESSION_DB_HOST": "r", "SESSION_DB_TOKEN_KEY_FILE": empty}, []string{"SESSION_DB_TOKEN_KEY: it is needed"}},
		"a value and a file":   {settings{"SESSION_DB_HOST": "r", "SESSION_DB_TOKEN_KEY": tokenKey, "SESSION_DB_TOKEN_KEY_FILE": empty}, []string{"SESSION_DB_TOKEN_KEY: it is set, and so is SESSION_DB_TOKEN_KEY_FILE"}},
		"auth-api and Redis":   {settings{"AUTH_API_URL": "http://a", "AUTH_API_CLIENT_ID": "i", "AUTH_API_CLIENT_SECRET": "hush-hush", "SESSION_DB_HOST": "r"}, []string{"AUTH_API_URL: it is set, and so is SESSION_DB_URL"}},
		"auth-api without id":  {settings{"AUTH_API_URL": "http://a", "AUTH_API_CLIENT_SECRET": "hush-hush"}, []string{"AUTH_API_URL, AUTH_API_CLIENT_ID, AUTH_API_CLIENT_SECRET: the client's id and secret are needed"}},
		"auth-api's bad URL":   {settings{"AUTH_API_URL": "a", "AUTH_API_CLIENT_ID": "i", "AUTH_API_CLIENT_SECRET": "hush-hush"}, []string{"AUTH_API_URL, AUTH_API_CLIENT_ID, AUTH_API_CLIENT_SECRET: the URL of auth-api"}},
		"a taken address":      {settings{"SESSION_DB_HOST": "r", "SESSION_DB_TOKEN_KEY": tokenKey, "HELLOWORLD_ADDR": l.Addr().String()}, []string{"HELLOWORLD_ADDR: listen tcp " + l.Addr().String()}},
	} {
		out, err := run(t, c.env)
		if err == nil || strings.Contains(out, "hush") {
			t.Errorf("%s: %v, %s", name, err, out)
		}
		for _, line := range c.says {
			if strings.Count("\n"+out, "\n"+line) != 1 && !strings.Contains(out, "assigning "+line) {
				t.Errorf("%s: not one line of %q in:\n%s", name, line, out)
			}
		}
	}
	if out, err := run(t, settings{}, "nonsense"); err == nil || !strings.Contains(out, "helloworld config") {
		t.Errorf("ran nonsense: %s", out)
	}
}

func TestPrintsSettingsWithSecretsMaskedAndVersion(t *testing.T) {
	t.Parallel()
	out, err := run(t, settings{"SESSION_DB_HOST": "session-db", "SESSION_DB_PASSWORD": "hush-hush", "SESSION_DB_TOKEN_KEY": tokenKey}, "config")
	if err != nil || strings.Contains(out, "hush") || strings.Contains(out, tokenKey[3:]) || !strings.Contains(out, "SESSION_DB_PASSWORD=********\n") || !strings.Contains(out, "HELLOWORLD_SHUTDOWN_DELAY=5s\n") {
		t.Errorf("%v:\n%s", err, out)
	}
	if out, err := run(t, settings{}, "version"); err != nil || !strings.HasPrefix(out, "helloworld ") {
		t.Errorf("version: %v, %s", err, out)
	}
}

func TestFindsTheMasterByItsSentinel(t *testing.T) {
	t.Parallel()
	s := devtest.RedisSentinel(t)
	given, err := url.Parse(s.URL[:strings.Index(s.URL, ",")] + "/main")
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, settings{
		"HELLOWORLD_ADDR": "127.0.0.1:0", "HELLOWORLD_SHUTDOWN_DELAY": "0s", "SESSION_DB_TOKEN_KEY": tokenKey,
		"SESSION_DB_HOST": "127.0.0.2, " + given.Hostname(), "SESSION_DB_PORT": given.Port(), "SESSION_DB_SENTINEL_MASTER": "main",
	}, "helloworld")
	if got := p.hello(putToken(t, "redis://"+s.Master.Addr)); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

// As `make run` keeps its secrets.
func TestTakesSecretsFromFiles(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	dir := t.TempDir()
	for name, value := range map[string]string{"key": tokenKey + "\n", "url": url + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, settings{
		"HELLOWORLD_ADDR": "127.0.0.1:0", "HELLOWORLD_SHUTDOWN_DELAY": "0s",
		"SESSION_DB_URL_FILE": filepath.Join(dir, "url"), "SESSION_DB_TOKEN_KEY_FILE": filepath.Join(dir, "key"),
	}, "helloworld")
	if got := p.hello(putToken(t, url)); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}
