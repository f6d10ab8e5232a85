package matrix_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"auth.books.test/verify/cache"
)

// event is what ends or narrows tokens.
type event struct {
	name string
	// is names what it is in the code: an authorization.Reason, a rule of a package, or an
	// end in a token's record.
	is string
	do func(s *stage)
	// becomes is what becomes of the tokens of a stage. One that is not here stays open.
	becomes map[string]verdict
	// elsewhere says that another process makes it: no replica has to know when it is
	// answered.
	elsewhere bool
}

func events() []event {
	by := func(f func(s *stage) session, method, path string, body any) func(*stage) {
		return func(s *stage) {
			s.do(f(s), method, strings.NewReplacer("VICTIM", s.victim.id, "BROWSER", s.browser, "PERSONAL", s.personal.id, "APP", s.apps.ClientID).Replace(path), body)
		}
	}
	victim := func(s *stage) session { return s.victim }
	sibling := func(s *stage) session { return s.sibling }
	command := func(args ...string) func(*stage) {
		return func(s *stage) {
			var given []string
			for _, a := range args {
				given = append(given, strings.NewReplacer("PERSONAL", s.personal.id, "PERSON", s.person, "API", s.api, "APP", s.apps.ClientID, "PROGRAM", s.programID).Replace(a))
			}
			s.command(s.t, given...)
		}
	}
	revoke := func(f func(s *stage) session) func(*stage) {
		return func(s *stage) {
			if got := call(s.t, "POST", s.first+"/oauth/revoke", bearerOf(""), url.Values{"token": {f(s).token}}); got.status != 200 {
				s.t.Fatalf("%d %s", got.status, got.raw)
			}
		}
	}
	all := func(v verdict, names ...string) map[string]verdict {
		becomes := map[string]verdict{}
		for _, name := range names {
			becomes[name] = v
		}
		return becomes
	}
	others := all(dead, "victim", "app", "offline")
	signIns := all(dead, "victim", "sibling", "app", "offline")
	everything := all(dead, "victim", "sibling", "app", "offline", "personal")
	return []event{
		{"sign-out", "SignedOut", by(victim, "DELETE", "/v1/sessions/current", nil), all(dead, "victim"), false},
		{"revoked by who holds it", "TokenRevoked", revoke(victim), all(dead, "victim"), false},
		{"an app's token revoked", "TokenRevoked", revoke(func(s *stage) session { return s.app }), all(dead, "app"), false},
		{"a program's token revoked", "TokenRevoked", revoke(func(s *stage) session { return s.program }), all(dead, "program"), false},
		{"ended by another session", "EndedByOwner", by(sibling, "DELETE", "/v1/sessions/VICTIM", nil), all(dead, "victim"), false},
		{"the browser's session ended", "EndedByOwner", by(sibling, "DELETE", "/v1/sessions/BROWSER", nil), all(dead, "app"), false},
		{"all others ended", "session.EndAll", by(sibling, "DELETE", "/v1/sessions", nil), others, false},
		{"all ended", "session.EndAll", by(sibling, "DELETE", "/v1/sessions?all=true", nil), signIns, false},
		{"password changed", "account.ChangePassword", by(sibling, "PUT", "/v1/accounts/me/password",
			map[string]string{"current_password": password, "new_password": "another engine weaves patterns"}), others, false},
		{"password reset by mail", "account.Reset", (*stage).resetPassword, everything, false},
		{"address changed", "account.ChangeAddress", (*stage).changeAddress, nil, false},
		{"address changed back by who had it", "account.UndoAddress", (*stage).undoAddress, everything, false},
		{"factor added", "factor.Confirm", (*stage).addFactor, others, false},
		{"factor removed", "factor.Remove", func(s *stage) {
			s.haveFactor()
			s.do(s.sibling, "DELETE", "/v1/accounts/me/totp", nil)
		}, others, false},
		{"factor removed by an operator", "factor.RemoveByOperator", func(s *stage) {
			s.haveFactor()
			s.command(s.t, "account", "remove-factors", s.person)
		}, signIns, true},
		{"passkey added", "passkey.Add", (*stage).addPasskey, others, false},
		{"passkey required", "passkey.Require", func(s *stage) {
			s.havePasskey()
			if _, err := s.db.Exec(s.t.Context(), `UPDATE accounts SET second_factor = false WHERE id = (SELECT subject_id FROM authorizations WHERE id = $1)`, s.sibling.id); err != nil {
				s.t.Fatal(err)
			}
			s.do(s.sibling, "POST", "/v1/accounts/me/passkeys/required", nil)
		}, others, false},
		{"passkey removed", "passkey.Remove", func(s *stage) {
			id := s.havePasskey()
			s.do(s.sibling, "DELETE", "/v1/accounts/me/passkeys/"+id, nil)
		}, others, false},
		{"personal token ended", "EndedByOwner", by(sibling, "DELETE", "/v1/tokens/PERSONAL", nil), all(dead, "personal"), false},
		{"personal token ended by an operator", "EndedByOperator", command("token", "end", "PERSONAL"), all(dead, "personal"), true},
		{"personal token revoked by who holds it", "TokenRevoked", revoke(func(s *stage) session { return s.personal }), all(dead, "personal"), false},
		{"account deleted", "account.Delete", by(sibling, "DELETE", "/v1/accounts/me", map[string]string{"password": password}), everything, false},
		{"account disabled", "account.SetStatus", command("account", "disable", "PERSON"), everything, true},
		{"one sign-in more than a person may have", "TooMany", (*stage).signInOnceTooOften, all(dead, "victim"), false},
		{"app ended by its owner", "authorization.EndApp", by(sibling, "DELETE", "/v1/authorizations/APP", nil), all(dead, "app", "offline"), false},
		{"client ended", "client.End", command("client", "end", "APP"), all(dead, "app", "offline"), true},
		{"program ended", "client.End", command("client", "end", "PROGRAM"), all(dead, "program"), true},
		{"client disabled", "client.Disable", command("client", "disable", "APP"), all(dead, "app", "offline"), true},
		{"program disabled", "client.Disable", command("client", "disable", "PROGRAM"), all(dead, "program"), true},
		{"code used twice", "CodeReused", (*stage).reuseCode, all(dead, "app"), false},
		{"refresh token used again", "RefreshReused", (*stage).reuseRefreshToken, all(dead, "app"), false},
		{"role revoked", "resource.Unassign", command("role", "revoke", "PERSON", "API", "writer"), all(lacking, "victim", "sibling", "app", "offline", "personal"), true},
		{"role of a program revoked", "resource.Unassign", command("role", "revoke", "PROGRAM", "API", "writer"), all(lacking, "program"), true},
		{"role narrowed", "resource.SetRole", command("role", "set", "API", "writer", "--scope", "API:read"), all(lacking, "victim", "sibling", "app", "offline", "personal", "program"), true},
		{"API narrowed", "resource.SetScopes", command("api", "set", "API", "--scope", "API:read"), all(lacking, "victim", "sibling", "stranger", "app", "offline", "personal", "program"), true},
		{"not used for too long", "idle", func(s *stage) { s.endSoon("idle") }, all(dead, "victim"), false},
		{"the end of its life", "exp", func(s *stage) { s.endSoon("exp") }, all(dead, "victim"), false},
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
			for name := range s.named() {
				s.wantAll(name, open) // and so it is in every cache
			}
			e.do(s)
			answered := time.Now()
			for name, verdict := range e.becomes {
				for _, d := range all {
					if d.own && !e.elsewhere {
						s.want(d, name, verdict, "when it was answered")
					}
				}
			}
			for name, verdict := range e.becomes {
				for _, d := range all {
					s.soon(d, name, verdict, answered)
				}
			}
			t.Logf("seen at all %d doors %v after it was answered", len(all), time.Since(answered))
			// It stays so, and nobody else is struck.
			for name, token := range s.named() {
				verdict, struck := e.becomes[name]
				if !struck {
					verdict = open
				}
				s.wantAll(name, verdict)
				if verdict == lacking && name != "program" && s.me(t, s.first, token.token) != lacking {
					t.Errorf("the token %s is not alive any more", name)
				}
			}
		})
	}
}

// as is what a door can say of a verdict: one that does not tell why calls a
// token dead that is not for its API any more.
func (d door) as(said, want verdict) bool {
	return said == want || d.closed && want == lacking && said == dead
}

// takes says whether the door takes a token of that name.
func (d door) takes(name string) bool { return !d.people || name != "program" }

func (s *stage) want(d door, name string, want verdict, when string) {
	s.t.Helper()
	if !d.takes(name) {
		return
	}
	if said := d.ask(s.t, s, s.named()[name].token); !d.as(said, want) {
		s.t.Errorf("%s, %s, %s: %s, want %s", d.name, name, when, said, want)
	}
}

func (s *stage) wantAll(name string, want verdict) {
	s.t.Helper()
	for _, d := range s.all {
		s.want(d, name, want, "at last")
	}
}

// soon waits for a verdict, until the bound is over.
func (s *stage) soon(d door, name string, want verdict, answered time.Time) {
	s.t.Helper()
	for d.takes(name) {
		asked := time.Now()
		said := d.ask(s.t, s, s.named()[name].token)
		if d.as(said, want) {
			return
		}
		// What was asked within the bound may still be answered from before.
		if asked.Sub(answered) > cache.DefaultBound {
			s.t.Errorf("%s, %s: %s, %v after the event; want %s", d.name, name, said, asked.Sub(answered), want)
			return
		}
	}
}
