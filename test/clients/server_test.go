package clients_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

const (
	email    = "ada@books.test"
	password = "notes on the analytical engine"
	callback = "https://app.test/callback"
	farewell = "https://app.test/goodbye"
	// booksURL is the name of the API books for those that know APIs by a URL (RFC 8707).
	booksURL = "https://books.test/api"
)

// authorizationServer is an auth-api that signs people in, with an account, an API and clients
// of every kind.
type authorizationServer struct {
	service
	// app signs people in, and public does without a secret. program has tokens of its own.
	app, public, program, api registered
}

// authorize starts an authorization server.
func authorize(t *testing.T) *authorizationServer {
	t.Helper()
	s := &authorizationServer{service: service{env: servicetest.AuthAPISettings(t)}}
	// Pages need the address before the service has it.
	address := servicetest.Address(t)
	s.env["AUTH_API_ADDR"], s.env["AUTH_API_ISSUER"], s.env["AUTH_API_SIGNING_KEY"] = address, "http://"+address, servicetest.SigningKey(t, "k1")
	s.url = servicetest.Serve(t, servicetest.Build(t, servicetest.AuthAPI), s.env, "serve").URL
	s.awaitRebuild(t)
	servicetest.CreateAccount(t, s.env, email, password, false)
	s.command(t, "api", "create", "books", "--scope", "books:read", "--scope", "books:write")
	s.command(t, "api", "url", "books", booksURL)
	s.command(t, "role", "create", "books", "reader", "--scope", "books:read")
	s.command(t, "role", "grant", email, "books", "reader", "--unverified-email")
	s.app = s.register(t, "--name", "app", "--redirect-uri", callback, "--logout-uri", farewell, "--audience", "books")
	s.public = s.register(t, "--name", "public app", "--public", "--redirect-uri", callback, "--audience", "books")
	s.program = s.register(t, "--name", "program", "--grant", "client_credentials", "--audience", "books")
	s.command(t, "role", "grant", s.program.ID, "books", "reader")
	s.api = s.register(t, "books", "--name", "the API")
	return s
}

// awaitRebuild waits for the first rebuild, before which a dead token is answered 503.
func (s *authorizationServer) awaitRebuild(t *testing.T) {
	t.Helper()
	store, err := direct.Open(s.env["SESSION_DB_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	devtest.Eventually(t, "the first rebuild is done", func() bool {
		return strings.HasPrefix(store.Get(t.Context(), token.RebuiltKey).Val(), "2.")
	})
}

// withKey registers a program that signs assertions with one of the keys of a file.
func (s *authorizationServer) withKey(t *testing.T, publicPEM []byte) registered {
	t.Helper()
	file := filepath.Join(t.TempDir(), "public.pem")
	if err := os.WriteFile(file, publicPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	made := s.register(t, "--name", "signing program", "--grant", "client_credentials", "--audience", "books", "--key", file)
	s.command(t, "role", "grant", made.ID, "books", "reader")
	return made
}
