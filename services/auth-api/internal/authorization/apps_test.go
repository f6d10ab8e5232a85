package authorization_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

func TestPersonSeesAndEndsWhatWasLetIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reading, films := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	first, second := w.letIn(authorization.Request{Client: reading, Scopes: []string{"openid"}}), w.letIn(authorization.Request{Client: reading, Scopes: []string{"email"}})
	w.clock.Move(time.Second)
	other := w.letIn(authorization.Request{Client: films})
	w.letIn(authorization.Request{Client: films, Subject: authorization.Account(w.newAccount("grace@books.test"))})
	listed, err := w.LetIn(t.Context(), w.account)
	if err != nil || len(listed) != 2 || listed[0].Client != films || listed[1].Client != reading || listed[1].Live != 2 || len(listed[1].Scopes) != 2 || listed[1].UsedAt.IsZero() {
		t.Fatalf("%+v, %v", listed, err)
	}
	if err := w.EndApp(t.Context(), w.account, reading); err != nil {
		t.Fatal(err)
	}
	if w.live(first) || w.live(second) || !w.live(other) {
		t.Error("ended: the wrong ones")
	}
	wantCode(t, w.EndApp(t.Context(), w.account, uuid.New()), fault.SessionNotFound)
	if listed, err = w.LetIn(t.Context(), w.account); err != nil || len(listed) != 1 || listed[0].Client != films {
		t.Errorf("afterwards: %+v, %v", listed, err)
	}
	if n := w.count("SELECT count(*) FROM events WHERE verb = 'app.end'"); n != 1 {
		t.Errorf("%d events", n)
	}
	// Let in anew, it is not what it was before.
	again := w.letIn(authorization.Request{Client: reading, Scopes: []string{"openid"}})
	if listed, err = w.LetIn(t.Context(), w.account); err != nil || len(listed) != 2 || !w.live(again) || w.live(first) {
		t.Errorf("let in anew: %+v, %v", listed, err)
	}
}
