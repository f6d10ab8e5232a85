package audit_test

import (
	"context"
	"crypto/md5"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/schema"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authtest"
)

// BenchmarkSearchInAMillionEvents has a million events of 10,000 accounts in four months. It
// reports the p99 of each kind of search, and how long it takes to drop a month.
//
//	go test ./services/auth-api/internal/audit -run '^$' -bench Million -benchtime 1x
func BenchmarkSearchInAMillionEvents(b *testing.B) {
	const searches = 300
	url := schematest.Database(b)
	w := authtest.On(b, authtest.Stores{Postgres: url})
	// Everything is inserted before its months are there, and moved out of the default one.
	w.SQL(`
		INSERT INTO events (id, at, actor_kind, actor, verb, subject_kind, subject, outcome, reason)
		SELECT gen_random_uuid(), now() + n % 120 * interval '1 day' - interval '30 days', 'account', md5((n % 10000)::text)::uuid,
			(ARRAY['session.sign_in', 'session.sign_in', 'session.sign_in', 'session.sign_out', 'account.rename', 'role.assign'])[1 + n % 6],
			'account', md5((n % 10000)::text)::uuid, (ARRAY['done', 'done', 'done', 'refused'])[1 + n % 4], '' FROM generate_series(1, 1000000) n`)
	if _, err := schema.Maintain(b.Context(), url, schema.Maintenance{Keep: 13, Origins: time.Hour}); err != nil {
		b.Fatal(err)
	}
	w.SQL(`ANALYZE events`)
	store := audit.NewStore(w.Store)
	account := func(n int) uuid.UUID {
		return uuid.UUID(md5.Sum([]byte(strconv.Itoa(n))))
	}
	for name, query := range map[string]func(n int) audit.Query{
		"subject": func(n int) audit.Query { return audit.Query{Subject: account(n), Limit: 100} },
		"actor":   func(n int) audit.Query { return audit.Query{Actor: account(n), Limit: 100} },
		"verb":    func(int) audit.Query { return audit.Query{Verb: audit.AssignRole, Limit: 100} },
		"refused sign-ins of a day": func(n int) audit.Query {
			day := time.Now().AddDate(0, 0, n%60-10)
			return audit.Query{Verb: audit.SignIn, Outcome: audit.Refused, Since: day, Until: day.AddDate(0, 0, 1), Limit: 100}
		},
		"a subject's refusals": func(n int) audit.Query { return audit.Query{Subject: account(n), Outcome: audit.Refused, Limit: 100} },
		"the newest":           func(int) audit.Query { return audit.Query{Limit: 100} },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				took := make([]time.Duration, searches)
				for n := range took {
					q := query(n * 31 % 10000)
					began := time.Now()
					if _, _, err := store.Events(b.Context(), q); err != nil {
						b.Fatal(err)
					}
					took[n] = time.Since(began)
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[searches/2].Microseconds())/1000, "ms-p50")
				b.ReportMetric(float64(took[searches*99/100].Microseconds())/1000, "ms-p99")
			}
		})
	}
	b.Run("drop a month", func(b *testing.B) {
		for b.Loop() {
			began := time.Now()
			done, err := schema.Maintain(context.WithoutCancel(b.Context()), url, schema.Maintenance{Keep: 1, Origins: time.Hour, Now: began.AddDate(0, 2, 0)})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms")
			b.Logf("%+v", done)
		}
	})
}
