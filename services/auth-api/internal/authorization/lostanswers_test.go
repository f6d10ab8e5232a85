package authorization_test

import (
	"context"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

const (
	// honest is how many families refresh at the same time.
	honest = 64
	// sweepAfter is after how many rounds of one of them the rows are swept.
	sweepAfter = 50
)

// The lost answers of many clients end no honest family. REFRESHES is how many there are.
func TestLostAnswersEndNoHonestFamily(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wanted := refreshes
	if given, err := strconv.Atoi(os.Getenv("REFRESHES")); err == nil {
		wanted = given
	}
	replicas := []*authorization.Service{w.Service, w.replica()}
	families := make([]authorization.Issued, honest)
	for n := range families {
		families[n] = w.letIn(authorization.Request{})
	}
	var done, repeated, unanswered atomic.Int64
	began := time.Now()
	var all sync.WaitGroup
	for n, made := range families {
		all.Go(func() {
			for round := range wanted / honest {
				// One answer in a hundred is lost, and some are asked for by two tabs at once.
				tries := 1
				if (n+round)%100 == 0 {
					tries = 3
				}
				w.clock.Move(time.Second) // so that access tokens end, and do not become too many
				var next authorization.Issued
				for try := range tries {
					renewal := authorization.Renewal{Refresh: made.Refresh.Reveal(), Client: made.Client, TokenLifetime: time.Minute}
					got, err := replicas[(n+round+try)%2].Refresh(context.Background(), renewal)
					// A store that is too busy is one more lost answer: the client sends the same again.
					for again := 0; again < 10 && fault.CodeOf(err) == fault.StoreUnavailable; again++ {
						unanswered.Add(1)
						got, err = replicas[(n+round+try)%2].Refresh(context.Background(), renewal)
					}
					if err != nil {
						t.Errorf("family %d, round %d, try %d: %v", n, round, try, err)
						return
					}
					if try > 0 && got.Refresh != next.Refresh {
						t.Errorf("family %d, round %d: another successor", n, round)
					}
					next = got
				}
				made = next
				done.Add(1)
				repeated.Add(int64(tries - 1))
				if n == 0 && round%sweepAfter == 0 {
					if _, err := w.SweepOnce(context.Background()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	t.Logf("%d refreshes by %d at once in %v, %.0f a second; %d were repeated, and %d times a store was too busy", done.Load(), honest, took.Round(time.Second), float64(done.Load()+repeated.Load())/took.Seconds(), repeated.Load(), unanswered.Load())
	if n := w.count("SELECT count(*) FROM authorizations WHERE revoked_at IS NOT NULL"); n != 0 {
		t.Errorf("%d honest families ended", n)
	}
}
