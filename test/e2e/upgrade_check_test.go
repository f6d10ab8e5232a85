//go:build e2e && drill

package e2e_test

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// end stops the traffic, prints its figures, and asks for every token once more.
func (d *drill) end(t *testing.T, what string) {
	t.Helper()
	d.traffic.flows(t, 10)
	d.traffic.end(t, what, d.began)
	d.check(t)
	t.Logf("%s: %d sessions of before live, %d of meanwhile, %d have ended", what, len(d.live.list()), len(d.made.list()), len(d.dead.list()))
}

// check asks for every token that is known: whoever is signed in still is, nobody else is.
func (d *drill) check(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		tokens *tokens
		at     string
		status int
	}{
		{d.live, verifyDoor, 204}, {d.live, helloDoor, 200}, {d.made, ":30080/v1/accounts/me", 200},
		{d.dead, verifyDoor, 401}, {d.dead, helloDoor, 401},
	} {
		for i, token := range c.tokens.list() {
			eventually(t, time.Minute, fmt.Sprintf("token %d at %s", i, c.at), func() error {
				status, err := d.get("http://"+node()+c.at, token)
				if err == nil && status != c.status && status != 503 {
					t.Fatalf("token %d at %s: %d, want %d", i, c.at, status, c.status)
				}
				if err == nil && status != c.status {
					err = errors.New(fmt.Sprint(status))
				}
				return err
			})
		}
	}
}
