package oauth_test

import (
	"context"
	"fmt"
	"testing"

	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/oauth"
)

// crowd is how many people let an app in. Exchanges of one person wait for each other, in
// Postgres too.
const crowd = 128

// BenchmarkCodeExchangeAgainstItsStatements exchanges codes of many people.
func BenchmarkCodeExchangeAgainstItsStatements(b *testing.B) {
	sent := &authtest.Statements{}
	a := authtest.On(b, authtest.Stores{Tracer: sent})
	w := worldOf(b, a)
	people := []oauth.Person{w.person}
	for n := 1; n < min(crowd, b.N); n++ {
		people = append(people, w.newPerson(fmt.Sprintf("reader%d@books.test", n)))
	}
	codes := make([]string, b.N)
	for n := range codes {
		w.person = people[n%len(people)]
		codes[n] = w.code()
	}
	w.SQL(`UPDATE authorization_codes SET expires_at = expires_at + interval '1 day'`) // making them took longer than they live
	app := w.read(w.app)
	a.Compare(b, sent, func(ctx context.Context, n int) error {
		_, err := w.Exchange(ctx, oauth.Exchange{App: app, Code: codes[n], RedirectURI: callback, Verifier: verifier})
		return err
	}, func() {
		w.SQL(`DELETE FROM authorizations WHERE kind = 'app'`)
		w.SQL(`UPDATE authorization_codes SET spent_at = NULL, authorization_id = NULL`)
		w.SQL(`TRUNCATE events, event_origins`)
	})
}
