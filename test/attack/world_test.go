package attack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/servicetest"
)

// world is auth-api as it is by default, behind a proxy whose forwarded addresses it trusts.
type world struct {
	t      *testing.T
	url    string
	client *http.Client
	token  string // of an access token
}

func newWorld(t *testing.T, s size) *world {
	t.Helper()
	env := servicetest.AuthAPISettings(t)
	for name := range env {
		if len(name) > 15 && name[:15] == "AUTH_API_LIMIT_" || name == "PASSWORD_SLOTS" || name == "PASSWORD_QUEUE" {
			delete(env, name)
		}
	}
	env["AUTH_API_TRUSTED_PROXIES"] = "127.0.0.0/8"
	p := servicetest.Serve(t, servicetest.Build(t, servicetest.AuthAPI), env, "serve")
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	t.Cleanup(transport.CloseIdleConnections)
	w := &world{t: t, url: p.URL, client: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
	w.register(env, s)
	for _, args := range [][]string{
		{"api", "create", "books", "--scope", "books:read"}, {"role", "create", "books", "reader", "--scope", "books:read"},
		{"role", "grant", "--unverified-email", owner(0), "books", "reader"},
	} {
		if out, err := servicetest.Command(t, servicetest.AuthAPI, env, args...); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	got := w.mustSignIn(signIn{from: "192.0.2.1", email: owner(0), password: password})
	w.token = got.AccessToken
	return w
}

// register makes the accounts. They share a hash, which takes nothing from the costs of
// checking it.
func (w *world) register(env servicetest.Settings, s size) {
	w.t.Helper()
	ctx := w.t.Context()
	servicetest.CreateAccount(w.t, env, owner(0), password, false)
	db, err := pgx.Connect(ctx, env["AUTH_DB_URL"])
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close(ctx)
	if _, err := db.Exec(ctx, `
		INSERT INTO accounts (id, email, password_hash)
		SELECT gen_random_uuid(), 'owner' || n || '@books.test', (SELECT password_hash FROM accounts) FROM generate_series(1, $1::int) n`, s.accounts-1); err != nil {
		w.t.Fatal(err)
	}
}

type signIn struct{ from, email, password, device string }

type answer struct {
	status      int
	wait        time.Duration // Retry-After
	AccessToken string        `json:"access_token"`
	DeviceToken string        `json:"device_token"`
}

func (w *world) signIn(ctx context.Context, s signIn) (a answer, err error) {
	fields := map[string]string{"email": s.email, "password": s.password}
	if s.device != "" {
		fields["device_token"] = s.device
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, "POST", w.url+"/v1/sessions", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", s.from)
	response, err := w.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	a.status = response.StatusCode
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	a.wait = time.Duration(seconds) * time.Second
	if a.status == http.StatusCreated {
		if err := json.Unmarshal(raw, &a); err != nil {
			return answer{}, fmt.Errorf("read the answer: %w", err)
		}
	}
	return a, nil
}

func (w *world) mustSignIn(s signIn) answer {
	w.t.Helper()
	a, err := w.signIn(w.t.Context(), s)
	if err != nil || a.status != http.StatusCreated {
		w.t.Fatalf("%+v: %d, %v", s, a.status, err)
	}
	return a
}

// devices signs owners in before the attack, and gives their device tokens.
func (w *world) devices(s size) []string {
	w.t.Helper()
	tokens := make([]string, s.known)
	for n := range tokens {
		tokens[n] = w.mustSignIn(signIn{from: home(n), email: owner(n), password: password}).DeviceToken
	}
	return tokens
}
