package clients_test

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/mailbox"
	"auth.books.test/internal/servicetest"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// registered is a client as it was registered. Secret is "" if it has none.
type registered struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// service is a running auth-api.
type service struct {
	url string
	// mailbox is the page of the mails, if there are any.
	mailbox string
	env     servicetest.Settings
}

func serve(t *testing.T) service {
	t.Helper()
	box, err := mailbox.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Stop() })
	s := service{env: servicetest.AuthAPISettings(t), mailbox: box.URL}
	s.env["AUTH_API_REGISTRATION"], s.env["AUTH_API_SMTP_URL"], s.env["AUTH_API_MAIL_FROM"], s.env["AUTH_API_ISSUER"] = "open", box.SMTP, "auth@books.test", "https://auth.books.test"
	s.url = servicetest.Serve(t, servicetest.Build(t, servicetest.AuthAPI), s.env, "serve").URL
	return s
}

// client makes an API with a client, and is the environment of a journey.
func (s service) client(t *testing.T) []string {
	t.Helper()
	s.command(t, "api", "create", "books", "--scope", "books:read")
	made := s.register(t, "books", "--name", "tests")
	return []string{"AUTH_URL=" + s.url, "CLIENT_ID=" + made.ID, "CLIENT_SECRET=" + made.Secret, "MAILBOX_URL=" + s.mailbox}
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

// command runs a command of auth-api in the same settings.
func (s service) command(t *testing.T, args ...string) string {
	t.Helper()
	out, err := servicetest.Command(t, servicetest.AuthAPI, s.env, args...)
	if err != nil {
		t.Fatalf("auth-api %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

var printedClient = regexp.MustCompile(`(?m)^id     (\S+)(?:\nsecret (bcs_\S+))?$`)

// register registers a client.
func (s service) register(t *testing.T, args ...string) registered {
	t.Helper()
	out := s.command(t, append([]string{"client", "create"}, args...)...)
	made := printedClient.FindStringSubmatch(out)
	if made == nil {
		t.Fatalf("client create printed %s", out)
	}
	return registered{made[1], made[2]}
}
