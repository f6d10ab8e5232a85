package authorization_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// programOf gives a client the scopes of a role.
func (w *world) programOf(api string, scopes ...string) uuid.UUID {
	w.t.Helper()
	client := uuid.Must(uuid.NewV7())
	before := w.account
	w.sql(`INSERT INTO subjects (id, kind) VALUES ($1, 'client')`, client)
	w.account = client
	w.grant(api, scopes...)
	w.account = before
	return client
}

func drawing(client uuid.UUID) authorization.Drawing {
	return authorization.Drawing{Client: client, Lifetime: accessLifetime, PerSecond: 1000, Alive: 1000}
}

func (w *world) draw(d authorization.Drawing) authorization.Issued {
	w.t.Helper()
	made, err := w.Draw(w.t.Context(), d)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func TestTokensOfAProgramHangOnOneAuthorization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.programOf("books", "books:read", "books:write")
	first, second := w.draw(drawing(client)), w.draw(authorization.Drawing{Client: client, Scopes: []string{"books:read"}, Lifetime: time.Minute, PerSecond: 10, Alive: 10})
	if first.ID != second.ID {
		t.Error("two authorizations for one program")
	}
	if got := w.scopes(first); !slices.Equal(got, []string{"books:read", "books:write"}) {
		t.Errorf("all scopes: %q", got)
	}
	if got := w.scopes(second); !slices.Equal(got, []string{"books:read"}) {
		t.Errorf("one scope: %q", got)
	}
	if left := time.Until(second.TokenExpiresAt); left > time.Minute {
		t.Errorf("it lives for %v, want a minute", left)
	}
	_, err := w.Draw(t.Context(), authorization.Drawing{Client: client, Scopes: []string{"books:delete"}, Lifetime: time.Minute, PerSecond: 10, Alive: 10})
	wantCode(t, err, fault.InvalidScope)

	err = w.Change(t.Context(), authorization.Subject{ID: client, Client: true}, act(), func(ctx context.Context, tx *authorization.Tx) error { return tx.EndAll(ctx) })
	if err != nil || w.live(first) || w.live(second) {
		t.Errorf("a token outlives the end of its client: %v", err)
	}
	if third := w.draw(drawing(client)); third.ID == first.ID || !w.live(third) {
		t.Error("no new authorization after the end of the old one")
	}
	err = w.Change(t.Context(), authorization.Subject{ID: client, Client: true}, act(), func(ctx context.Context, tx *authorization.Tx) error { return tx.Disable(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Draw(t.Context(), drawing(client))
	wantCode(t, err, fault.InvalidClient)
}

func TestProgramAboveItsLimitsIsRefusedAndKeepsItsTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, other := w.programOf("books", "books:read"), w.programOf("films", "films:read")
	d := drawing(client)
	d.PerSecond, d.Alive = 1000, 5
	var made []authorization.Issued
	for range d.Alive {
		made = append(made, w.draw(d))
	}
	_, err := w.Draw(t.Context(), d)
	wantCode(t, err, fault.TooManyTokens)
	for n, one := range made {
		if !w.live(one) {
			t.Errorf("token %d ended because another was asked for", n)
		}
	}
	w.draw(drawing(other))
	w.clock.Move(accessLifetime)
	w.draw(d)
}

func TestProgramsThatRaceKeepToTheLimitOfASecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.programOf("books", "books:read")
	d := drawing(client)
	d.PerSecond = 10
	var drawn atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range 40 {
		all.Go(func() {
			if _, err := w.Draw(context.Background(), d); err == nil {
				drawn.Add(1)
			} else if fault.CodeOf(err) != fault.TooManyTokens {
				t.Error(err)
			}
		})
	}
	all.Wait()
	seconds := int64(time.Since(began)/time.Second) + 2 // begun ones
	if n := drawn.Load(); n < 10 || n > 10*seconds {
		t.Errorf("%d tokens in %d seconds, at 10 a second", n, seconds)
	}
	if n := w.count("SELECT count(*) FROM authorizations WHERE kind = 'service'"); n != 1 {
		t.Errorf("%d standing authorizations", n)
	}
}

// Without that, a client that is ended every day would leave a row for ten years each time.
func TestEndedProgramLeavesNoRow(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(context.Context, *authorization.Tx) error{
		"ended": endAll, "disabled": func(ctx context.Context, tx *authorization.Tx) error { return tx.Disable(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ended, other := w.programOf("books", "books:read"), w.programOf("films", "films:read")
			made, goesOn := w.draw(drawing(ended)), w.draw(drawing(other))
			if err := w.Change(t.Context(), authorization.Subject{ID: ended, Client: true}, act(), end); err != nil {
				t.Fatal(err)
			}
			if w.live(made) || !w.live(goesOn) {
				t.Errorf("the token of the ended program is alive: %v; that of another: %v", w.live(made), w.live(goesOn))
			}
			w.clock.Move(accessLifetime)
			if _, err := w.SweepOnce(t.Context()); err != nil || w.count("SELECT count(*) FROM authorizations WHERE subject_id = $1", ended) != 1 {
				t.Errorf("the row is gone within the hour in which it is kept (%v)", err)
			}
			w.clock.Move(time.Hour + time.Minute)
			if _, err := w.SweepOnce(t.Context()); err != nil || w.count("SELECT count(*) FROM authorizations") != 1 {
				t.Errorf("%d rows are left, want that of the other program (%v)", w.count("SELECT count(*) FROM authorizations"), err)
			}
		})
	}
}
