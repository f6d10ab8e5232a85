package matrix_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"auth.books.test/verify/cache"
)

// event is what ends or narrows a token.
type event struct {
	name string
	// is names what it is in the code: a session.Reason, a rule of package api,
	// or an end in a token's record.
	is string
	do func(s *stage)
	// victim is what becomes of the victim's token, sibling and stranger of
	// the others.
	victim, sibling, stranger verdict
	// elsewhere says that another process makes it: no replica has to know when
	// it is answered.
	elsewhere bool
}

func events() []event {
	by := func(f func(s *stage) session, method, path string, body any) func(*stage) {
		return func(s *stage) { s.do(f(s), method, strings.ReplaceAll(path, "VICTIM", s.victim.id), body) }
	}
	victim := func(s *stage) session { return s.victim }
	sibling := func(s *stage) session { return s.sibling }
	command := func(args ...string) func(*stage) {
		return func(s *stage) {
			var given []string
			for _, a := range args {
				given = append(given, strings.NewReplacer("PERSON", s.person, "API", s.api).Replace(a))
			}
			s.command(s.t, given...)
		}
	}
	return []event{
		{"sign-out", "SignedOut", by(victim, "DELETE", "/v1/sessions/current", nil), dead, open, open, false},
		{"revoked by who holds it", "TokenRevoked", func(s *stage) {
			if got := call(s.t, "POST", s.first+"/oauth/revoke", bearerOf(""), url.Values{"token": {s.victim.token}}); got.status != 200 {
				s.t.Fatalf("%d %s", got.status, got.raw)
			}
		}, dead, open, open, false},
		{"ended by another session", "EndedByOwner", by(sibling, "DELETE", "/v1/sessions/VICTIM", nil), dead, open, open, false},
		{"all others ended", "session.EndAll", by(sibling, "DELETE", "/v1/sessions", nil), dead, open, open, false},
		{"all ended", "session.EndAll", by(sibling, "DELETE", "/v1/sessions?all=true", nil), dead, dead, open, false},
		{"password changed", "account.ChangePassword", by(sibling, "PUT", "/v1/accounts/me/password",
			map[string]string{"current_password": password, "new_password": "another engine weaves patterns"}), dead, open, open, false},
		{"account deleted", "account.Delete", by(sibling, "DELETE", "/v1/accounts/me", map[string]string{"password": password}), dead, dead, open, false},
		{"account disabled", "account.SetStatus", command("account", "disable", "PERSON"), dead, dead, open, true},
		{"one sign-in more than a person may have", "TooMany", (*stage).signInOnceTooOften, dead, open, open, false},
		{"role revoked", "resource.Unassign", command("role", "revoke", "PERSON", "API", "writer"), lacking, lacking, open, true},
		{"role narrowed", "resource.SetRole", command("role", "set", "API", "writer", "--scope", "API:read"), lacking, lacking, open, true},
		{"API narrowed", "resource.SetScopes", command("api", "set", "API", "--scope", "API:read"), lacking, lacking, lacking, true},
		{"not used for too long", "idle", func(s *stage) { s.endSoon("idle") }, dead, open, open, false},
		{"the end of its life", "exp", func(s *stage) { s.endSoon("exp") }, dead, open, open, false},
	}
}

func TestEveryEventIsSeenAtEveryDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.doors(t)
	for n, e := range events() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := w.newStage(t, fmt.Sprintf("api%d", n))
			s.all = all
			for _, one := range []session{s.victim, s.sibling, s.stranger} {
				s.wantAll(one, open) // and so it is in every cache
			}
			e.do(s)
			answered := time.Now()
			for _, d := range all {
				if d.own && !e.elsewhere {
					s.want(d, s.victim, e.victim, "when it was answered")
				}
			}
			for _, d := range all {
				s.soon(d, e.victim, answered)
			}
			t.Logf("seen at all %d doors %v after it was answered", len(all), time.Since(answered))
			// It stays so, and nobody else is struck.
			s.wantAll(s.victim, e.victim)
			s.wantAll(s.sibling, e.sibling)
			s.wantAll(s.stranger, e.stranger)
			if e.victim == lacking && s.me(t, s.first, s.victim.token) != lacking {
				t.Error("the token is not alive any more")
			}
		})
	}
}

// as is what a door can say of a verdict: one that does not tell why calls a
// token dead that is not for its API any more.
func (d door) as(said, want verdict) bool {
	return said == want || d.closed && want == lacking && said == dead
}

func (s *stage) want(d door, of session, want verdict, when string) {
	s.t.Helper()
	if said := d.ask(s.t, s, of.token); !d.as(said, want) {
		s.t.Errorf("%s, %s: %s, want %s", d.name, when, said, want)
	}
}

func (s *stage) wantAll(of session, want verdict) {
	s.t.Helper()
	for _, d := range s.all {
		s.want(d, of, want, "at last")
	}
}

// soon waits for the victim's verdict, until the bound is over.
func (s *stage) soon(d door, want verdict, answered time.Time) {
	s.t.Helper()
	for {
		asked := time.Now()
		said := d.ask(s.t, s, s.victim.token)
		if d.as(said, want) {
			return
		}
		// What was asked within the bound may still be answered from before.
		if asked.Sub(answered) > cache.DefaultBound {
			s.t.Errorf("%s: %s, %v after the event; want %s", d.name, said, asked.Sub(answered), want)
			return
		}
	}
}
