package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"auth.books.test/verify/token"
)

const (
	recordedBar  = 50 * time.Millisecond
	endsMemory   = 100.0 // MiB, own
	endSamples   = 1000
	writers      = 12
	endsDeadline = 20 * time.Minute
)

// measureEnds gives one account a million sign-ins, and ends them in several ways: how
// long it takes until the end is recorded, until it is answered, and until every token
// is dead.
func measureEnds(ctx context.Context, st *stack, _ settings, t *table) error {
	ctx, cancel := context.WithTimeout(ctx, endsDeadline)
	defer cancel()
	db, err := pgx.Connect(ctx, st.postgres.URL)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	samples, err := st.manySignIns(ctx, db)
	if err != nil {
		return err
	}
	if err := st.client.Del(ctx, token.RebuiltKey).Err(); err != nil {
		return fmt.Errorf("take away the mark of the rebuild: %w", err)
	}
	began := time.Now()
	return st.serving(ctx, func(api *program) error {
		for mark := ""; !strings.HasPrefix(mark, "2."); mark = st.client.Get(ctx, token.RebuiltKey).Val() {
			if err := pause(ctx, 100*time.Millisecond); err != nil {
				return err
			}
		}
		t.add("a Redis that came back empty is filled with a million tokens", fmt.Sprintf("%.0f s", time.Since(began).Seconds()))
		for _, e := range []ending{
			{name: "ended by `DELETE /v1/sessions`", do: func(acting string) (*http.Request, error) {
				return http.NewRequestWithContext(ctx, http.MethodDelete, "http://"+api.addr+"/v1/sessions", nil)
			}, samples: samples},
			{name: "… while 12 clients rename the account", writers: writers, do: func(acting string) (*http.Request, error) {
				return http.NewRequestWithContext(ctx, http.MethodDelete, "http://"+api.addr+"/v1/sessions", nil)
			}},
			{name: "ended by a changed password", do: func(acting string) (*http.Request, error) {
				body := fmt.Appendf(nil, `{"current_password":%q,"new_password":%q}`, password, "another engine weaves patterns")
				r, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+api.addr+"/v1/accounts/me/password", bytes.NewReader(body))
				if err == nil {
					r.Header.Set("Content-Type", "application/json")
				}
				return r, err
			}},
			{name: "ended by `account disable`"},
		} {
			if err := st.endMany(ctx, db, api, e, t); err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
		}
		return nil
	})
}

// ending is one way to end everything of the account. Without do it is the command.
type ending struct {
	name    string
	do      func(acting string) (*http.Request, error)
	writers int
	samples []string
}

// manySignIns gives the account a million sign-ins in Postgres, and the tokens of some.
func (st *stack) manySignIns(ctx context.Context, db *pgx.Conn) (samples []string, err error) {
	ring, err := token.ParseKeyRing(st.tokenKey)
	if err != nil {
		return nil, err
	}
	var hashes [][]byte
	for range endSamples {
		made, hash, err := ring.Mint(rand.Reader, token.Access)
		if err != nil {
			return nil, err
		}
		samples, hashes = append(samples, made.Reveal()), append(hashes, hash[:])
	}
	_, err = db.Exec(ctx, `
		WITH made AS (
			INSERT INTO authorizations (id, kind, subject_id, chain, root_id, epoch, scopes, audiences, amr, auth_time, created_at, used_at, written_at, idle_expires_at, expires_at)
			SELECT n.id, 'session', s.id, ARRAY[n.id], n.id, s.epoch, '{account,books:read,books:write,shop:buy}', '{books,shop}', '{pwd}', now(), now(), now(), now(), now() + interval '12 hours', now() + interval '30 days'
			FROM accounts a JOIN subjects s ON s.id = a.id, (SELECT gen_random_uuid() AS id FROM generate_series(1, $2::int)) n WHERE a.email = $1
			RETURNING id),
		numbered AS (SELECT id, row_number() OVER () AS n FROM made)
		INSERT INTO access_tokens (hash, authorization_id, issued_at, expires_at)
		SELECT coalesce(($3::bytea[])[n], sha256(id::text::bytea)), id, now(), now() + interval '30 days' FROM numbered`, email, million, hashes)
	if err != nil {
		return nil, fmt.Errorf("make a million sign-ins: %w", err)
	}
	if _, err := db.Exec(ctx, "ANALYZE"); err != nil {
		return nil, fmt.Errorf("analyze: %w", err)
	}
	return samples, nil
}

func (st *stack) endMany(ctx context.Context, db *pgx.Conn, api *program, e ending, t *table) error {
	var acting string
	if e.do != nil {
		var err error
		if acting, err = api.signIn(ctx); err != nil {
			return err
		}
	}
	if e.samples == nil { // They have ended before: in Postgres they live again.
		if _, err := db.Exec(ctx, `UPDATE authorizations a SET epoch = s.epoch FROM subjects s WHERE s.id = a.subject_id AND a.epoch <> s.epoch AND a.revoked_at IS NULL`); err != nil {
			return fmt.Errorf("revive sign-ins: %w", err)
		}
	}
	stop := st.rename(ctx, api, acting, e.writers)
	defer stop()
	peak := api.watchMemory(ctx)
	recorded := make(chan time.Duration, 1)
	var before int64
	if err := db.QueryRow(ctx, `SELECT epoch FROM subjects s JOIN accounts a ON a.id = s.id WHERE a.email = $1`, email).Scan(&before); err != nil {
		return err
	}
	go func() { recorded <- st.recordedIn(ctx, before) }()
	began := time.Now()
	first, err := st.untilEnded(ctx, api, e, acting)
	if err != nil {
		return err
	}
	all := time.Since(began)
	stop()
	took := <-recorded
	what := "a million sign-ins of one account " + e.name
	t.judge(what+", recorded after", milli(took), "under "+recordedBar.String(), took > 0 && took < recordedBar)
	t.add("… the first answer, and the last", fmt.Sprintf("%s after %.1f s; 2xx after %.0f s", first.status, first.after.Seconds(), all.Seconds()))
	own := peak()
	t.judge("… own memory meanwhile, at most", fmt.Sprintf("%.0f MiB", own), fmt.Sprintf("under %.0f MiB", endsMemory), own < endsMemory)
	alive := 0
	for _, sample := range e.samples {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+api.addr+"/verify?api=books", nil)
		if err != nil {
			return err
		}
		if status, err := send(r, sample); err != nil || status != http.StatusUnauthorized {
			alive++
		}
	}
	if len(e.samples) > 0 {
		t.judge(fmt.Sprintf("… of %d of their tokens alive after that answer", len(e.samples)), fmt.Sprint(alive), "none", alive == 0)
	}
	return nil
}

type firstAnswer struct {
	status string
	after  time.Duration
}

// untilEnded asks until the answer is that it is done, as a client is told to.
func (st *stack) untilEnded(ctx context.Context, api *program, e ending, acting string) (first firstAnswer, err error) {
	began := time.Now()
	for {
		done, status := false, ""
		if e.do == nil {
			c := exec.CommandContext(ctx, st.binary, "account", "disable", email)
			c.Env = append(slices.Clone(st.env), "PATH="+os.Getenv("PATH"))
			out, err := c.CombinedOutput()
			done, status = err == nil, "exit 0"
			if err != nil {
				status = "exit 1"
				if !bytes.Contains(out, []byte("takes longer")) {
					return first, fmt.Errorf("account disable: %w: %s", err, out)
				}
			}
		} else {
			r, err := e.do(acting)
			if err != nil {
				return first, err
			}
			code, err := send(r, acting)
			// A changed password that is asked for again is refused: the old one is wrong.
			if err != nil || code/100 != 2 && code != http.StatusServiceUnavailable && !(first.status != "" && code == http.StatusForbidden) {
				return first, fmt.Errorf("%d, %w", code, err)
			}
			done, status = code/100 == 2, fmt.Sprint(code)
			if code == http.StatusForbidden {
				done, err = st.settled(ctx)
				if err != nil {
					return first, err
				}
			}
		}
		if first.status == "" {
			first = firstAnswer{status, time.Since(began)}
		}
		if done {
			return first, nil
		}
	}
}

// settled says whether nothing waits in the outbox.
func (st *stack) settled(ctx context.Context) (done bool, err error) {
	if err := pause(ctx, 100*time.Millisecond); err != nil {
		return false, err
	}
	db, err := pgx.Connect(ctx, st.postgres.URL)
	if err != nil {
		return false, err
	}
	defer db.Close(context.WithoutCancel(ctx))
	err = db.QueryRow(ctx, `SELECT count(*) = 0 FROM outbox WHERE done_at IS NULL`).Scan(&done)
	return done, err
}

// recordedIn looks every millisecond until the account's epoch is another one, and
// gives the time since that transaction began; 0 if it cannot tell.
func (st *stack) recordedIn(ctx context.Context, before int64) (took time.Duration) {
	db, err := pgx.Connect(ctx, st.postgres.URL)
	if err != nil {
		return 0
	}
	defer db.Close(context.WithoutCancel(ctx))
	for ctx.Err() == nil {
		var seconds *float64
		err := db.QueryRow(ctx, `
			SELECT extract(epoch FROM clock_timestamp() - (SELECT max(o.queued_at) FROM outbox o WHERE o.target = uuid_send(s.id) AND $2 = ANY(o.epochs)))::float8
			FROM subjects s JOIN accounts a ON a.id = s.id WHERE a.email = $1 AND s.epoch <> $2`, email, before).Scan(&seconds)
		if err == nil && seconds != nil {
			return time.Duration(*seconds * float64(time.Second))
		}
		if pause(ctx, time.Millisecond) != nil {
			return 0
		}
	}
	return 0
}

// rename has some clients rename the account again and again, until stopped.
func (st *stack) rename(ctx context.Context, api *program, acting string, clients int) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				r, err := http.NewRequestWithContext(ctx, http.MethodPatch, "http://"+api.addr+"/v1/accounts/me", strings.NewReader(fmt.Sprintf(`{"name":"Ada %d"}`, n)))
				if err != nil {
					return
				}
				r.Header.Set("Content-Type", "application/json")
				_, _ = send(r, acting) // 503 while so much is under way
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// watchMemory looks ten times a second how much memory is the process's own; peak
// gives the most, and ends it.
func (p *program) watchMemory(ctx context.Context) (peak func() float64) {
	ctx, cancel := context.WithCancel(ctx)
	most := make(chan float64, 1)
	go func() {
		var highest float64
		for {
			if m, err := memoryOf(context.WithoutCancel(ctx), p.cmd.Process.Pid); err == nil {
				highest = max(highest, m.own)
			}
			if pause(ctx, 100*time.Millisecond) != nil {
				most <- highest
				return
			}
		}
	}()
	return func() float64 {
		cancel()
		return <-most
	}
}

func send(r *http.Request, accessToken string) (status int, err error) {
	r.Header.Set("Authorization", "Bearer "+accessToken)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, errors.Join(response.Body.Close())
}
