package oauth_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/verify/token"
)

const (
	day = 24 * time.Hour
	// growthDays is how many days the sign-ins of the test are spread over. What is kept longest
	// goes after 61: an app that was let in for 30 days, and is remembered for 30 more.
	growthDays = 150
	// lookEvery is after how many days the rows are counted.
	lookEvery = 10
	// visitors is how many people come at the same time.
	visitors = 8
)

// share is how many rows a cycle adds to a table at most, and how many days the last of them
// stays, including the day on which it is swept.
type share struct{ rows, days int }

// shares has every table. Those without a share hold what somebody administers, and people.
func shares() map[string][]share {
	return map[string][]share{
		"authorizations": {{2, 62}}, "sessions": {{1, 62}}, "refresh_tokens": {{1, 62}},
		// The token of a session is good for as long as the session, all others for minutes.
		"access_tokens":       {{1, 32}, {3, 2}},
		"authorization_codes": {{1, 2}}, "pushed_requests": {{1, 2}}, "client_assertions": {{1, 2}}, "outbox": {{3, 2}},
		// The present month and one more; 30 days. Both go when the months are maintained.
		"events": {{8, 62 + lookEvery}}, "event_origins": {{8, 30 + lookEvery}},
		// A sign-in on a new device is told by mail; a request for a code is kept for a day.
		"mails": {{1, 32}}, "codes": {{1, 3}}, "personal_tokens": {{1, 62}},
		// Only sign-ins with a second factor make challenges, which are swept after minutes.
		"totps": nil, "recovery_codes": nil, "passkeys": nil, "spent_ceremonies": nil, "sign_in_challenges": {{1, 1}},
		"accounts": nil, "apis": nil, "clients": nil, "roles": nil, "role_assignments": nil, "schema_state": nil,
		// Of a deleted account, a pseudonym and its consents stay for good.
		"subjects": nil, "consents": nil,
	}
}

// growing is a world in which time goes by, day after day, until now.
type growing struct {
	*world
	clients *client.Service
	program uuid.UUID
	people  []person
}

// person is somebody who signs in again and again.
type person struct {
	email   string
	account uuid.UUID
	// leaves says that the person deletes their account now and then; deleted counts those.
	leaves  bool
	deleted int
}

func newGrowing(t *testing.T) *growing {
	t.Helper()
	a := authtest.New(t)
	a.Clock.Move(-(growthDays - 1) * day)
	g := &growing{world: worldOf(t, a), program: uuid.Must(uuid.NewV7()), people: make([]person, visitors)}
	r := limit.Rate{Attempts: 1_000_000, Period: time.Second}
	g.Limit(limit.Rates{SignIn: r, SignInOverall: r, Account: r})
	g.clients = client.New(client.Options{
		Store: client.NewStore(a.Store), Authorizations: a.Authorizations, Audit: a.Recorder(), Random: rand.Reader, Now: a.Clock.Now, Log: slog.New(slog.DiscardHandler),
	})
	for n := range g.people {
		p := &g.people[n]
		p.email = fmt.Sprintf("reader%d@books.test", n)
		p.account, p.leaves = g.Register(p.email, password), n == 0
	}
	return g
}

// Postgres and Redis hold what is live, and for a while what has ended. GROWTH is how many
// people sign in, let an app in, refresh and end it in some way.
func TestRowsAndKeysAreBoundedByWhatIsLiveAndTheRetention(t *testing.T) {
	t.Parallel()
	cycles := growth
	if given, err := strconv.Atoi(os.Getenv("GROWTH")); err == nil {
		cycles = given
	}
	daily := cycles / growthDays
	g := newGrowing(t)
	for today := 1; today <= growthDays; today++ {
		g.day(today, daily)
		if today < growthDays {
			g.Clock.Move(day)
			g.sweep()
		}
		if today%lookEvery == 0 {
			g.look(today, daily)
		}
	}
	g.wantKeys(daily)
}

// day lets some people do what people do.
func (g *growing) day(today, cycles int) {
	g.t.Helper()
	var all sync.WaitGroup
	for n := range g.people {
		all.Go(func() {
			for cycle := n; cycle < cycles; cycle += visitors {
				if err := g.cycle(g.t.Context(), &g.people[n], today*cycles+cycle); err != nil {
					g.t.Errorf("day %d, %s: %v", today, g.people[n].email, err)
				}
			}
		})
	}
	all.Wait()
}

// sweep is what every replica does every five minutes, and the nightly job.
func (g *growing) sweep() {
	g.t.Helper()
	for what, sweep := range map[string]func(context.Context) (int64, error){
		"authorizations": g.Authorizations.SweepOnce, "authorization codes": g.SweepOnce, "assertions": g.clients.SweepOnce, "mails": g.Mails.SweepOnce, "one-time codes": g.Codes.SweepOnce, "challenges": g.Factors.SweepOnce,
	} {
		if _, err := sweep(g.t.Context()); err != nil {
			g.t.Fatalf("sweep %s: %v", what, err)
		}
	}
	if err := g.Refusals.Flush(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

// look counts the rows of all tables.
func (g *growing) look(today, daily int) {
	g.t.Helper()
	_, err := schema.Maintain(g.t.Context(), g.DB.Config().ConnString(), schema.Maintenance{Keep: 1, Origins: 30 * day, Now: g.Clock.Now()})
	if err != nil {
		g.t.Fatal(err)
	}
	tables := strings.Fields(g.Text(`SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`))
	var seen []string
	for _, table := range tables {
		added, known := shares()[table]
		if !known {
			g.t.Errorf("nobody says for how long the rows of %s stay", table)
		}
		most := g.administered(table)
		for _, s := range added {
			most += s.rows * daily * min(s.days, today)
		}
		rows, err := strconv.Atoi(g.Text("SELECT count(*) FROM " + table))
		if err != nil {
			g.t.Fatal(err)
		}
		if rows > most {
			g.t.Errorf("day %d: %d rows in %s, want at most %d", today, rows, table, most)
		}
		seen = append(seen, fmt.Sprintf("%s %d", table, rows))
	}
	slices.Sort(seen)
	g.t.Logf("after %d sign-ins in %d days: %s", today*daily, today, strings.Join(seen, ", "))
}

// administered is how many rows a table has that no cycle adds: people, their sign-in before
// the first day, and what somebody administers.
func (g *growing) administered(table string) int {
	people := len(g.people) + 1
	for _, p := range g.people {
		people += p.deleted
	}
	switch table {
	case "subjects", "consents":
		return people + 2 // the app and the program
	case "events", "event_origins":
		return 2 * people
	}
	return len(g.people) + 5
}

// wantKeys looks at Redis, whose clock is ours today.
func (g *growing) wantKeys(daily int) {
	g.t.Helper()
	devtest.Eventually(g.t, "the limits are forgotten", func() bool { return len(g.keys("limit:*")) == 0 })
	records := 0
	for _, key := range g.keys("*") {
		if key == token.RebuiltKey {
			continue
		}
		if _, ours := token.ParseKey(key); !ours {
			g.t.Errorf("nobody says for how long the key %s stays", key)
		}
		if left := g.Redis.PTTL(g.t.Context(), key).Val(); left <= 0 || left > authtest.Idle {
			g.t.Errorf("the record %s stays for %v", key, left)
		}
		records++
	}
	// Nobody has used a session of yesterday since.
	if most := 4*daily + 1; records == 0 || records > most {
		g.t.Errorf("%d records in Redis, want at most %d", records, most)
	}
	g.t.Logf("%d records in Redis", records)
}

func (g *growing) keys(pattern string) []string {
	g.t.Helper()
	keys, err := g.Redis.Keys(g.t.Context(), pattern).Result()
	if err != nil {
		g.t.Fatal(err)
	}
	return keys
}
