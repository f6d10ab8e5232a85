package matrix_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/contract"
	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/mailbox"
	"auth.books.test/internal/servicetest"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

const (
	password = "notes on the analytical engine"
	// passkeyDomain is what passkeys are made for.
	passkeyDomain = "books.test"
)

// documents are the OpenAPI documents of the replicas under test; contracts hold their
// answers against them, by host.
var (
	documents contract.Documents
	contracts sync.Map
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// world is two replicas of auth-api on the same stores.
type world struct {
	t            *testing.T
	env          servicetest.Settings
	first, other string
	db           *pgxpool.Pool
	redis        *redis.Client
	box          *mailbox.Mailbox
	ring         *token.KeyRing
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, env: servicetest.AuthAPISettings(t)}
	// The pages of the first replica need to know its address before it has one.
	w.env["AUTH_API_ADDR"] = servicetest.Address(t)
	w.env["AUTH_API_ISSUER"] = "http://" + w.env["AUTH_API_ADDR"]
	w.env["AUTH_API_PASSKEY_RP_ID"], w.env["AUTH_API_PASSKEY_ORIGINS"] = passkeyDomain, "https://"+passkeyDomain
	var err error
	if w.box, err = mailbox.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.box.Stop() })
	w.env["AUTH_API_SMTP_URL"], w.env["AUTH_API_MAIL_FROM"] = w.box.SMTP, "auth@books.test"
	w.first = w.serve()
	w.env["AUTH_API_ADDR"] = "127.0.0.1:0"
	w.other = w.serve()
	if w.db, err = pgxpool.New(context.Background(), w.env["AUTH_DB_URL"]); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.db.Close)
	options, err := direct.RedisOptions(w.env["SESSION_DB_URL"])
	if err != nil {
		t.Fatal(err)
	}
	w.redis = redis.NewClient(options)
	t.Cleanup(func() { _ = w.redis.Close() })
	if w.ring, err = token.ParseKeyRing(servicetest.TokenKey); err != nil {
		t.Fatal(err)
	}
	return w
}

// serve runs a replica until the end of the test and gives its URL.
func (w *world) serve() string {
	w.t.Helper()
	return servicetest.Serve(w.t, servicetest.Build(w.t, servicetest.AuthAPI), w.env, "serve").URL
}

// command runs auth-api to its end.
func (w *world) command(t *testing.T, args ...string) string {
	t.Helper()
	out, err := servicetest.Command(t, servicetest.AuthAPI, w.env, args...)
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return out
}

// answer is what came back.
type answer struct {
	status int
	raw    string
	body   map[string]any
}

func (a answer) text(name string) string {
	s, _ := a.body[name].(string)
	return s
}

// basic and bearer are two ways to say who asks.
func basic(id, secret string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
}

func bearerOf(token string) func(*http.Request) {
	return func(r *http.Request) {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
}

// call sends a form, or what else it is as JSON. It has a deadline, so that a
// door that hangs fails.
func call(t *testing.T, method, target string, who func(*http.Request), body any) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var reader io.Reader
	contentType := "application/json"
	switch b := body.(type) {
	case nil:
	case url.Values:
		reader, contentType = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, target, reader)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	who(r)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if r.URL.Path != "" { // auth-api; the middleware under test has no paths, and no document
		holder, _ := contracts.LoadOrStore(r.URL.Host, &contract.Transport{Documents: &documents})
		if err := holder.(*contract.Transport).Hold(r, response); err != nil {
			t.Error(err)
		}
	}
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := answer{status: response.StatusCode, raw: string(raw)}
	_ = json.Unmarshal(raw, &out.body)
	return out
}
