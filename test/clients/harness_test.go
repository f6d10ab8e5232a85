package clients_test

import (
	"io"
	"net/http"
	"os"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// service is a running auth-api.
type service struct {
	path, url string
	env       servicetest.Settings
}

func serve(t *testing.T) service {
	t.Helper()
	s := service{path: servicetest.Build(t, servicetest.AuthAPI), env: servicetest.AuthAPISettings(t)}
	s.url = servicetest.Serve(t, s.path, s.env, "serve").URL
	return s
}

// client makes an API with a client, and is the environment of a journey.
func (s service) client(t *testing.T) []string {
	t.Helper()
	run(t, ".", s.env.List(), s.path, "api", "create", "books", "--scope", "books:read")
	made := printed.FindStringSubmatch(run(t, ".", s.env.List(), s.path, "client", "create", "books", "--name", "tests"))
	if made == nil {
		t.Fatal("client create printed no credentials")
	}
	return []string{"AUTH_URL=" + s.url, "CLIENT_ID=" + made[1], "CLIENT_SECRET=" + made[2]}
}

// save writes what a path answers to a file.
func (s service) save(t *testing.T, path, to string) {
	t.Helper()
	response, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", path, response.StatusCode, err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
