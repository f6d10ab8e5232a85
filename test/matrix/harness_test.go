package matrix_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/contract"
	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

const (
	password = "notes on the analytical engine"
	tokenKey = "t1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// binary is auth-api, built once.
var binary string

// documents are the OpenAPI documents of the replicas under test; contracts hold their
// answers against them, by host.
var (
	documents contract.Documents
	contracts sync.Map
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "matrix-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "auth-api")
		args := []string{"build", "-buildvcs=false", "-o", binary}
		if raceEnabled {
			args = append(args, "-race")
		}
		build := exec.Command("go", append(args, "../../services/auth-api")...)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "build auth-api:", err)
			return 1
		}
		return devtest.Main(m)
	}())
}

// world is two replicas of auth-api on the same stores.
type world struct {
	t            *testing.T
	env          []string
	first, other string
	db           *pgxpool.Pool
	redis        *redis.Client
	ring         *token.KeyRing
}

func newWorld(t *testing.T) *world {
	t.Helper()
	authDB, sessionDB := schematest.Database(t), devtest.Redis(t)
	w := &world{t: t, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "GORACE=halt_on_error=1",
		"AUTH_DB_URL=" + authDB, "SESSION_DB_URL=" + sessionDB, "SESSION_DB_TOKEN_KEY=" + tokenKey, "AUTH_API_SERVICE_KEY=s1:YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3ODlhYmNkZWY=", "PASSWORD_QUEUE=200",
		"AUTH_API_ADDR=127.0.0.1:0", "AUTH_API_METRICS_ADDR=127.0.0.1:0", "AUTH_API_SHUTDOWN_DELAY=0s",
	}}
	w.first, w.other = w.serve(), w.serve()
	var err error
	if w.db, err = pgxpool.New(context.Background(), authDB); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.db.Close)
	options, err := direct.RedisOptions(sessionDB)
	if err != nil {
		t.Fatal(err)
	}
	w.redis = redis.NewClient(options)
	t.Cleanup(func() { _ = w.redis.Close() })
	if w.ring, err = token.ParseKeyRing(tokenKey); err != nil {
		t.Fatal(err)
	}
	return w
}

// serve runs a replica until the end of the test and gives its URL.
func (w *world) serve() string {
	w.t.Helper()
	log, ended := &devtest.Output{}, make(chan struct{})
	cmd := exec.Command(binary, "serve")
	cmd.Env, cmd.Stdout, cmd.Stderr = w.env, log, log
	// Its workers write there too, and may have no processor to end for a while.
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	w.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		if strings.Contains(log.String(), "DATA RACE") {
			w.t.Errorf("a data race:\n%s", log)
		}
	})
	serving := regexp.MustCompile(`"msg":"serving","addr":"([^"]+)"`)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if found := serving.FindStringSubmatch(log.String()); found != nil {
			return "http://" + found[1]
		}
	}
	w.t.Fatalf("auth-api does not serve: %s", log)
	return ""
}

// command runs auth-api to its end.
func (w *world) command(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = w.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return string(out)
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
