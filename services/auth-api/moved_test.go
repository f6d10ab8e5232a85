package main_test

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/direct"
)

// moved are the stores of the program of before; testdata/moved says how they came to be.
type moved struct {
	Key    string
	Tokens []struct{ Token, Is string }
}

func unpacked(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open("testdata/moved/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// psqlOnly are lines that pg_dump writes for psql alone.
var psqlOnly = regexp.MustCompile(`(?m)^\\.*$`)

// loadMoved puts the stores of before into new ones.
func loadMoved(t *testing.T) (m moved, postgresURL, redisURL string) {
	t.Helper()
	if err := json.Unmarshal(unpacked(t, "tokens.json.gz"), &m); err != nil {
		t.Fatal(err)
	}
	postgresURL, redisURL = devtest.Postgres(t), devtest.Redis(t)
	db, err := pgx.Connect(t.Context(), postgresURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if _, err := db.PgConn().Exec(t.Context(), psqlOnly.ReplaceAllString(string(unpacked(t, "postgres.sql.gz")), "")).ReadAll(); err != nil {
		t.Fatal(err)
	}
	var records []struct {
		Key, Dump string
		Expires   int64 `json:"expires_ms"`
	}
	if err := json.Unmarshal(unpacked(t, "redis.json.gz"), &records); err != nil {
		t.Fatal(err)
	}
	options, err := direct.RedisOptions(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	for _, r := range records {
		dump, err := base64.StdEncoding.DecodeString(r.Dump)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Do(t.Context(), "RESTORE", r.Key, r.Expires, dump, "ABSTTL").Err(); err != nil {
			t.Fatal(err)
		}
	}
	return m, postgresURL, redisURL
}

func countOf(t *testing.T, url, query string) (n int) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if err := db.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestStoresOfBeforeAreMoved(t *testing.T) {
	t.Parallel()
	m, postgresURL, redisURL := loadMoved(t)
	forBooks := countOf(t, postgresURL, "SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND 'books' = ANY(audiences)")
	if forBooks == 0 || forBooks >= 900 {
		t.Fatalf("%d of 900 are for books: both sorts are needed", forBooks)
	}
	if out, err := runWith(t, settings{"AUTH_DB_URL": postgresURL}, "schema", "apply"); err != nil || !strings.Contains(out, "-- move: ") {
		t.Fatalf("schema apply: %v, %s", err, out)
	}
	a := start(t, func(s settings) {
		s["AUTH_DB_URL"], s["SESSION_DB_URL"], s["SESSION_DB_TOKEN_KEY"] = postgresURL, redisURL, m.Key
		s["SESSION_IDLE_LIFETIME"], s["SESSION_LIFETIME"] = "87600h", "87600h"
	})
	books := a.client("books")
	// Until Redis is brought in line, what cannot be found out is 503, and never 401.
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		got := a.me(m.Tokens[0].Token)
		if got.status == 503 {
			if time.Now().After(end) {
				t.Fatalf("%d %s", got.status, got.raw)
			}
			continue
		}
		if want := map[bool]int{true: 200, false: 401}[m.Tokens[0].Is == "alive"]; got.status != want {
			t.Fatalf("%d %s, want %d", got.status, got.raw, want)
		}
		break
	}
	devtest.Eventually(t, "Redis has heard of what the program of before left behind", func() bool {
		return a.count("SELECT count(*) FROM outbox WHERE done_at IS NULL") == 0
	})
	count := map[string]int{}
	statuses := map[bool]map[int]int{true: {}, false: {}} // at /verify, of tokens that are alive and of others
	for _, token := range m.Tokens {
		alive := token.Is == "alive"
		if got := a.me(token.Token); got.status != map[bool]int{true: 200, false: 401}[alive] {
			t.Errorf("%s at its account: %d %s", token.Is, got.status, got.raw)
		}
		introspected := a.introspect(token.Token, books)
		request, err := http.NewRequestWithContext(t.Context(), "GET", a.url+"/verify?api=books", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token.Token)
		answer, err := a.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		// What is alive and not for books is inactive to it, and 403 behind its proxy.
		passes := answer.StatusCode == 204
		if introspected.status != 200 || introspected.body["active"] != passes || !passes && introspected.raw != inactive {
			t.Errorf("%s: %d at /verify, and at introspection %d %s", token.Is, answer.StatusCode, introspected.status, introspected.raw)
		}
		statuses[alive][answer.StatusCode]++
		count[token.Is]++
	}
	if count["alive"] != 900 || count["ended"] != 90 || count["queued"] != 10 {
		t.Errorf("%v were tried", count)
	}
	if alive, others := statuses[true], statuses[false]; alive[204] != forBooks || alive[403] != 900-forBooks || others[401] != 100 {
		t.Errorf("at /verify: %v of those alive, want %d times 204 and %d times 403; %v of the others, want 401", alive, forBooks, 900-forBooks, others)
	}
	// What was alive can be ended.
	for _, token := range m.Tokens {
		if token.Is == "alive" {
			a.want(a.revoke(token.Token, credentials{}), 200, "")
			a.want(a.me(token.Token), 401, "invalid_token")
			break
		}
	}
}
