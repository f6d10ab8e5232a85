package main_test

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

func run(t *testing.T, env settings, args ...string) (string, error) {
	t.Helper()
	return servicetest.Command(t, pkg, env, args...)
}

func TestWrongSettingsAreExplained(t *testing.T) {
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
		"a bad URL":            {settings{"SESSION_DB_URL": "http://u:hush-hush@r", "SESSION_DB_TOKEN_KEY": tokenKey}, []string{"SESSION_DB_URL: the scheme is none of redis, "}},
		"a port of Kubernetes": {settings{"SESSION_DB_PORT": "tcp://10.0.0.1:6379"}, []string{"SESSION_DB_PORT: this is what Kubernetes sets", "SESSION_DB_HOST: it is needed", "SESSION_DB_TOKEN_KEY: it is needed"}},
		"a file that is not":   {settings{"SESSION_DB_HOST": "r", "SESSION_DB_TOKEN_KEY_FILE": "/nothing"}, []string{"SESSION_DB_TOKEN_KEY_FILE: the file that it names cannot be read: no such file"}},
		"an empty file":        {settings{"SESSION_DB_HOST": "r", "SESSION_DB_TOKEN_KEY_FILE": empty}, []string{"SESSION_DB_TOKEN_KEY_FILE: the file that it names is empty"}},
		"a value and a file":   {settings{"SESSION_DB_HOST": "r", "SESSION_DB_TOKEN_KEY": tokenKey, "SESSION_DB_TOKEN_KEY_FILE": empty}, []string{"SESSION_DB_TOKEN_KEY: it is set, and so is SESSION_DB_TOKEN_KEY_FILE"}},
		"auth-api and Redis":   {settings{"AUTH_API_URL": "http://a", "AUTH_API_CLIENT_ID": "i", "AUTH_API_CLIENT_SECRET": "hush-hush", "SESSION_DB_HOST": "r"}, []string{"AUTH_API_URL: it is set, and so is SESSION_DB_URL"}},
		"auth-api without id":  {settings{"AUTH_API_URL": "http://a", "AUTH_API_CLIENT_SECRET": "hush-hush"}, []string{"AUTH_API_CLIENT_ID: it is needed with AUTH_API_URL"}},
		"auth-api's bad URL":   {settings{"AUTH_API_URL": "https://i:hush-hush@a", "AUTH_API_CLIENT_ID": "i", "AUTH_API_CLIENT_SECRET": "hush-hush"}, []string{"AUTH_API_URL: it has a user or an @"}},
		"set but empty":        {settings{"SESSION_DB_HOST": "r", "SESSION_DB_USER": "", "SESSION_DB_TOKEN_KEY": ""}, []string{"SESSION_DB_USER: it is set but empty", "SESSION_DB_TOKEN_KEY: it is set but empty"}},
		"a slip":               {settings{"SESSION_DB_HOST": "r", "SESSION_DB_TOKEN_KEY": tokenKey, "SESSION_DB_SENTINEL_MASTR": "hush"}, []string{"SESSION_DB_SENTINEL_MASTR: there is no such setting: is SESSION_DB_SENTINEL_MASTER meant?"}},
		"several faults":       {settings{"HELLOWORLD_ADDR": "8000", "HELLOWORLD_SHUTDOWN_DELAY": "5", "SESSION_DB_PORT": "x", "SESSION_DB_URL": "redis://h#ush"}, []string{"HELLOWORLD_ADDR: write host:port", "HELLOWORLD_SHUTDOWN_DELAY: write a duration", "SESSION_DB_PORT: write a port", "SESSION_DB_URL: it holds a #", "SESSION_DB_TOKEN_KEY: it is needed"}},
		"a taken address":      {settings{"SESSION_DB_HOST": "r", "SESSION_DB_TOKEN_KEY": tokenKey, "HELLOWORLD_ADDR": l.Addr().String()}, []string{"HELLOWORLD_ADDR: listen tcp " + l.Addr().String()}},
	} {
		out, err := run(t, c.env)
		if err == nil || strings.Contains(out, "hush") {
			t.Errorf("%s: %v, %s", name, err, out)
		}
		for _, line := range c.says {
			if strings.Count("\n"+out, "\n"+line) != 1 {
				t.Errorf("%s: not one line of %q in:\n%s", name, line, out)
			}
		}
	}
	if out, err := run(t, settings{}, "nonsense"); err == nil || !strings.Contains(out, "helloworld config") {
		t.Errorf("ran an unknown command: %s", out)
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

func TestFindsTheMasterThroughSentinel(t *testing.T) {
	t.Parallel()
	s := devtest.RedisSentinel(t)
	given, err := url.Parse(s.URL[:strings.Index(s.URL, ",")] + "/main")
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, pkg, settings{
		"HELLOWORLD_ADDR": "127.0.0.1:0", "HELLOWORLD_SHUTDOWN_DELAY": "0s", "SESSION_DB_TOKEN_KEY": tokenKey,
		"SESSION_DB_HOST": "127.0.0.2, " + given.Hostname(), "SESSION_DB_PORT": given.Port(), "SESSION_DB_SENTINEL_MASTER": "main",
	})
	if got := p.hello(putToken(t, "redis://"+s.Master.Addr)); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

// `make run` passes secrets in files.
func TestReadsSecretsFromFiles(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	dir := t.TempDir()
	for name, value := range map[string]string{"key": tokenKey + "\n", "url": url + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, pkg, settings{
		"HELLOWORLD_ADDR": "127.0.0.1:0", "HELLOWORLD_SHUTDOWN_DELAY": "0s",
		"SESSION_DB_URL_FILE": filepath.Join(dir, "url"), "SESSION_DB_TOKEN_KEY_FILE": filepath.Join(dir, "key"),
	})
	if got := p.hello(putToken(t, url)); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}
