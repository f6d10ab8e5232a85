package main_test

import (
	"net/http"
	"testing"
	"time"

	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// A session that is used only at another API, which verifies from memory, is in use all
// the same; one that nobody uses ends.
func TestSessionThatIsUsedOnlyAtAnotherAPILives(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["SESSION_IDLE_LIFETIME"] = "10s" })
	used, _ := a.member()
	unused, _ := a.signIn(email, password)
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		t.Fatal(err)
	}
	api, err := direct.Connect(a.env["SESSION_DB_URL"], ring, direct.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	for end := time.Now().Add(16 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, err := api.Verify(t.Context(), used); err != nil {
			t.Fatalf("it is used all the time, and has ended: %v", err)
		}
	}
	if s := api.Stats(); s.Hits < 50 {
		t.Errorf("%+v: it was not verified from memory: nothing is tested", s)
	}
	if got := a.me(unused); got.status != http.StatusUnauthorized {
		t.Errorf("nobody used the other: %d %s", got.status, got.raw)
	}
}
