package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/mailbox"
	"auth.books.test/internal/servicetest"
	"auth.books.test/schema"
)

// crashActs is how many acts are done at least; CRASH_ACTS sets another number.
const crashActs = 60

// auth-api is killed again and again in the middle of acts, and Postgres now and then. Then
// what is stored and what was recorded must tell the same.
func TestKilledServiceLeavesOneEventForEachActThatWasDone(t *testing.T) {
	t.Parallel()
	wanted := int64(crashActs)
	if text, set := os.LookupEnv("CRASH_ACTS"); set {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatalf("CRASH_ACTS=%q: write a number", text)
		}
		wanted = n
	}
	store := devtest.PostgresProcess(t)
	if _, err := schema.Current().Apply(t.Context(), store.URL, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	box, err := mailbox.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Stop() })
	env := servicetest.AuthAPIOn(store.URL, devtest.Redis(t))
	openToAll(env)
	env["AUTH_API_SMTP_URL"] = box.SMTP
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var done, interrupted atomic.Int64
	for life := 0; done.Load() < wanted; life++ {
		p := servicetest.Serve(t, servicetest.Build(t, servicetest.AuthAPI), env, "serve")
		ctx, end := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for n := range 4 {
			who := &killedPerson{url: p.URL, box: box, email: fmt.Sprintf("person%d-%d@books.test", life, n), random: rand.New(rand.NewPCG(seed, uint64(life*4+n+1)))}
			all.Go(func() {
				for ctx.Err() == nil && who.act(ctx) {
					done.Add(1)
				}
				interrupted.Add(1)
			})
		}
		// Some lives end in the first act of everybody, all of them in the middle of one.
		until := done.Load() + random.Int64N(10)
		p.Eventually("some acts are answered, or nobody does any", func() bool { return done.Load() >= until || interrupted.Load() == int64(4*(life+1)) })
		time.Sleep(time.Duration(random.Int64N(int64(100 * time.Millisecond))))
		if life%4 == 3 {
			store.Kill()
		}
		_ = p.Cmd.Process.Kill()
		<-p.Ended
		end()
		all.Wait()
		if life%4 == 3 {
			store.Start()
		}
	}
	t.Logf("%d acts were answered, %d were interrupted", done.Load(), interrupted.Load())
	db, err := pgxpool.New(t.Context(), store.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	const count = `(SELECT count(*) FROM events e WHERE e.outcome = 'done' AND e.verb = '%s' AND e.%s = %s)`
	of := func(verb, column, id string) string { return fmt.Sprintf(count, verb, column, id) }
	for what, query := range map[string]string{
		"an account without one registration":     `SELECT id::text FROM accounts a WHERE ` + of("account.register", "subject", "a.id") + ` <> 1`,
		"a registration without an account":       `SELECT subject::text FROM events r WHERE verb = 'account.register' AND outcome = 'done' AND NOT EXISTS (SELECT FROM accounts WHERE id = r.subject) AND ` + of("account.delete", "subject", "r.subject") + ` <> 1`,
		"a deletion of an account that is there":  `SELECT subject::text FROM events d JOIN accounts a ON a.id = d.subject WHERE verb = 'account.delete' AND outcome = 'done'`,
		"passwords that were changed":             `SELECT id::text FROM accounts a WHERE a.password_version - 1 <> ` + of("account.change_password", "subject", "a.id"),
		"names that were changed":                 `SELECT id::text FROM accounts a WHERE CASE a.name WHEN '' THEN 0 ELSE a.name::int END <> ` + of("account.rename", "subject", "a.id"),
		"a session without one sign-in":           `SELECT id::text FROM authorizations a WHERE ` + of("session.sign_in", "session", "a.id") + ` <> 1`,
		"a sign-in without a session":             `SELECT session::text FROM events s WHERE verb = 'session.sign_in' AND outcome = 'done' AND NOT EXISTS (SELECT FROM authorizations WHERE id = s.session) AND ` + of("account.delete", "subject", "s.subject") + ` = 0`,
		"a session that ended without a sign-out": `SELECT id::text FROM authorizations a WHERE (revoked_at IS NOT NULL)::int <> ` + of("session.sign_out", "session", "a.id"),
		"epochs that do not fit what raised them": `SELECT id::text FROM subjects s WHERE kind = 'account' AND epoch - 1 <> ` + of("session.end_all", "subject", "s.id") + ` + ` + of("account.change_password", "subject", "s.id") + ` + ` + of("account.delete", "subject", "s.id"),
		"a deleted account without one deletion":  `SELECT id::text FROM subjects s WHERE kind = 'account' AND ended_at IS NOT NULL AND ` + of("account.delete", "subject", "s.id") + ` <> 1`,
	} {
		rows, err := db.Query(t.Context(), query)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			t.Errorf("%s: %s", what, id)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	var events int64
	if err := db.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE outcome = 'done'`).Scan(&events); err != nil || events < done.Load() {
		t.Errorf("%d events of %d acts that were answered, %v", events, done.Load(), err)
	}
}

// killedPerson does one act after the other, until one gets no answer.
type killedPerson struct {
	url, email string
	box        *mailbox.Mailbox
	random     *rand.Rand
	token      string
	registered bool
	renamed    int
	passwords  int // that they had before the present one
}

func (p *killedPerson) password(n int) string { return fmt.Sprintf("%s number %d", password, n) }

// act does one act, and reports whether it was answered as it should be. Whoever got no
// answer does not know what was done, and does nothing more.
func (p *killedPerson) act(ctx context.Context) bool {
	switch {
	case !p.registered:
		p.registered = p.register(ctx)
		return p.registered
	case p.token == "":
		raw, ok := p.send(ctx, "POST", "/v1/sessions", map[string]string{"email": p.email, "password": p.password(p.passwords)}, http.StatusCreated)
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		_ = json.Unmarshal(raw, &answer)
		p.token = answer.AccessToken
		return ok
	}
	var ok bool
	switch p.random.IntN(6) {
	case 0, 1:
		if _, ok = p.send(ctx, "PATCH", "/v1/accounts/me", map[string]string{"name": strconv.Itoa(p.renamed + 1)}, http.StatusOK); ok {
			p.renamed++
		}
	case 2:
		if _, ok = p.send(ctx, "PUT", "/v1/accounts/me/password", map[string]string{"current_password": p.password(p.passwords), "new_password": p.password(p.passwords + 1)}, http.StatusNoContent); ok {
			p.passwords++
		}
	case 3:
		if _, ok = p.send(ctx, "DELETE", "/v1/sessions/current", nil, http.StatusNoContent); ok {
			p.token = ""
		}
	case 4:
		_, ok = p.send(ctx, "DELETE", "/v1/sessions", nil, http.StatusNoContent)
	case 5:
		if _, ok = p.send(ctx, "DELETE", "/v1/accounts/me", map[string]string{"password": p.password(p.passwords)}, http.StatusNoContent); ok {
			*p = killedPerson{url: p.url, box: p.box, email: "again-" + p.email, random: p.random}
		}
	}
	return ok
}

// register makes the account with the code of the mail.
func (p *killedPerson) register(ctx context.Context) bool {
	raw, ok := p.send(ctx, "POST", "/v1/accounts", map[string]string{"email": p.email}, http.StatusAccepted)
	var asked struct{ ID string }
	if !ok || json.Unmarshal(raw, &asked) != nil {
		return false
	}
	for ctx.Err() == nil {
		for _, m := range p.box.Mails() {
			if code := mailedCode.FindStringSubmatch(m.Text); code != nil && slices.Contains(m.To, p.email) {
				_, ok := p.send(ctx, "POST", "/v1/accounts/"+asked.ID+"/confirmation", map[string]string{"code": code[1], "password": p.password(0)}, http.StatusNoContent)
				return ok
			}
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return false
}

func (p *killedPerson) send(ctx context.Context, method, path string, body any, want int) (raw []byte, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	sent, err := json.Marshal(body)
	if err != nil {
		return nil, false
	}
	r, err := http.NewRequestWithContext(ctx, method, p.url+path, bytes.NewReader(sent))
	if err != nil {
		return nil, false
	}
	r.Header.Set("Content-Type", "application/json")
	if body == nil {
		r.Body, r.ContentLength = nil, 0
		r.Header.Del("Content-Type")
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, false
	}
	defer response.Body.Close()
	var into bytes.Buffer
	if _, err := into.ReadFrom(response.Body); err != nil {
		return nil, false
	}
	return into.Bytes(), response.StatusCode == want
}
