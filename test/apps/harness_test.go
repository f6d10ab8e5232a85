//go:build apps

package apps_test

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/servicetest"
)

const (
	email    = "ada@books.test"
	password = "notes on the analytical engine"
)

func TestMain(m *testing.M) { os.Exit(servicetest.Main(m)) }

// service is a running auth-api with the account of a person, who has the role reader of books.
type service struct {
	t      *testing.T
	path   string
	issuer string
	env    servicetest.Settings
}

// serve runs auth-api by http.
func serve(t *testing.T) *service {
	t.Helper()
	address := servicetest.Address(t)
	return start(t, address, "http://"+address)
}

func start(t *testing.T, address, issuer string) *service {
	t.Helper()
	s := &service{t: t, path: servicetest.Build(t, servicetest.AuthAPI), env: servicetest.AuthAPISettings(t), issuer: issuer}
	s.env["AUTH_API_ADDR"], s.env["AUTH_API_ISSUER"], s.env["AUTH_API_SIGNING_KEY"] = address, issuer, servicetest.SigningKey(t, "k1")
	servicetest.Serve(t, s.path, s.env, "serve")
	if out, err := servicetest.RunWithInput(s.path, s.env, password+"\n", "account", "create", email, "--verified", "--password-stdin"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.must("api", "create", "books", "--scope", "books:read")
	s.must("role", "create", "books", "reader", "--scope", "books:read")
	s.must("role", "grant", email, "books", "reader")
	return s
}

// serveTLS runs auth-api behind a proxy that speaks TLS, and returns the proxy.
func serveTLS(t *testing.T) (*service, *httptest.Server) {
	t.Helper()
	address := servicetest.Address(t)
	front := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: address})
	}})
	t.Cleanup(front.Close)
	return start(t, address, front.URL), front
}

func (s *service) must(args ...string) string {
	s.t.Helper()
	out, err := servicetest.Run(s.path, s.env, args...)
	if err != nil {
		s.t.Fatalf("%v: %v: %s", args, err, out)
	}
	return out
}

var (
	printedID     = regexp.MustCompile(`(?m)^id     (\S+)$`)
	printedSecret = regexp.MustCompile(`(?m)^secret (bcs_\S+)$`)
)

// register runs a command of docs/apps.md that registers a client, with some of its words
// replaced.
func (s *service) register(command string, replaced ...string) (id, secret string) {
	s.t.Helper()
	command = strings.NewReplacer(append(replaced, "auth-api ", s.path+" ")...).Replace(command)
	shell := exec.CommandContext(s.t.Context(), "sh", "-c", command)
	shell.Env = append(os.Environ(), s.env.List()...)
	out, err := shell.CombinedOutput()
	found := printedID.FindSubmatch(out)
	if err != nil || found == nil {
		s.t.Fatalf("%s: %v: %s", command, err, out)
	}
	if secrets := printedSecret.FindSubmatch(out); secrets != nil {
		secret = string(secrets[1])
	}
	return string(found[1]), secret
}

// run runs a program to its end in a folder.
func run(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
