package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"auth.books.test/internal/devstack"
	"auth.books.test/services/auth-api/internal/client"
)

// welcome is the text that dev prints as soon as it serves.
type welcome struct {
	url, metrics, dir string
	shelf, mail       string // where the sample app serves, and where mails are shown
	postgres, redis   *devstack.Store
	books             client.Credentials
	took              time.Duration
}

func (w welcome) print(out io.Writer) {
	fmt.Fprintf(out, `
auth-api serves on %[1]s (after %[2]v)

  sample app %[11]s
  account    %[1]s/account
  docs       %[1]s/docs
  mail       %[12]s
  sign-in    %[3]s / %[4]s
  metrics    %[5]s
  auth-db    %[6]s
  session-db %[7]s

Open the sample app, sign in, and end it in your account in another tab. Or copy these lines: sign in, who am I, what the API books is told, revoke, denied.

TOKEN=$(curl -s %[1]s/v1/sessions -H 'Content-Type: application/json' -d '{"email":"%[3]s","password":"%[4]s"}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
curl -s %[1]s/v1/accounts/me -H "Authorization: Bearer $TOKEN"
curl -s %[1]s/oauth/introspect -u %[8]s:%[9]s -d token=$TOKEN
curl -s -X DELETE %[1]s/v1/sessions/current -H "Authorization: Bearer $TOKEN"
curl -s -i %[1]s/v1/accounts/me -H "Authorization: Bearer $TOKEN"

An API that verifies tokens itself needs this Redis URL and this key. helloworld is one, for the API books: run it in another terminal, here,
then the TOKEN line again and a call.

%[10]s go run -buildvcs=false ./services/helloworld
curl -s http://127.0.0.1:8080/hello -H "Authorization: Bearer $TOKEN"

Ctrl-C stops everything.
`, w.url, w.took.Round(10*time.Millisecond), sampleEmail, samplePassword, w.metrics,
		w.describe(w.postgres, "postgres.password"), w.describe(w.redis, "redis.password"), w.books.ID, w.books.Secret, w.verifier(), w.shelf, w.mail)
}

// verifier is the settings of an API that verifies tokens itself, as shell code. Values
// from the environment are not printed.
func (w welcome) verifier() string {
	redis, key := "SESSION_DB_URL="+quoted(w.redis.URL), "SESSION_DB_TOKEN_KEY_FILE="+quoted(filepath.Join(w.dir, "token.key"))
	if w.redis.Source == devstack.Given {
		redis = `SESSION_DB_URL="$SESSION_DB_URL"`
	}
	if file := os.Getenv("SESSION_DB_TOKEN_KEY_FILE"); file != "" {
		key = "SESSION_DB_TOKEN_KEY_FILE=" + quoted(file)
	} else if tokenKeyIsGiven() {
		key = `SESSION_DB_TOKEN_KEY="$SESSION_DB_TOKEN_KEY"`
	}
	return redis + " " + key
}

// quoted quotes a word for a shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// describe names a store and where it listens; the password stays in its file.
func (w welcome) describe(s *devstack.Store, file string) string {
	u, err := url.Parse(s.URL)
	if err != nil || s.Source == devstack.Given {
		return s.Note
	}
	note := s.Note + ", on " + u.Host
	if _, has := u.User.Password(); has {
		note += ", password in " + filepath.Join(w.dir, file)
	}
	return note
}
