package main_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
	"auth.books.test/services/auth-api/internal/audit"
)

// recorded are the verbs and outcomes of all events, the oldest first.
func (a *api) recorded() (found []string) {
	a.t.Helper()
	rows, err := a.postgres().Query(a.t.Context(), `SELECT verb || ' ' || outcome || ' by ' || actor_kind FROM events ORDER BY at, id`)
	if err != nil {
		a.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			a.t.Fatal(err)
		}
		found = append(found, text)
	}
	return found
}

func TestEveryRouteAndCommandLeavesOneEvent(t *testing.T) {
	t.Parallel()
	a, box := withMail(t)
	const next, other = "five orange pips in a letter", "grace@books.test"
	var asked answer
	var token, second, session string
	var recovery []string
	var books, app credentials
	var ada *person
	var code, verifier string
	seen := 0
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { a.register(email, password) }, "account.create done by command"},
		{func() { a.asksForAccount(email) }, "account.register refused by nobody"},
		{func() { token, _ = a.signIn(email, password) }, "session.sign_in done by account"},
		{func() { second, session = a.signIn(email, password) }, "session.sign_in done by account"},
		{func() { a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": next}) }, "session.sign_in refused by nobody"},
		{func() { a.call("PATCH", "/v1/accounts/me", token, map[string]string{"name": "Ada Lovelace"}) }, "account.rename done by account"},
		{func() { a.call("GET", "/v1/accounts/me/export", token, nil) }, "account.export done by account"},
		{func() { a.call("DELETE", "/v1/sessions/"+session, token, nil) }, "session.end done by account"},
		{func() { second, _ = a.signIn(email, password) }, "session.sign_in done by account"},
		{func() { a.call("DELETE", "/v1/sessions/current", second, nil) }, "session.sign_out done by account"},
		{func() { second, _ = a.signIn(email, password) }, "session.sign_in done by account"},
		{func() { a.post("/oauth/revoke", "application/x-www-form-urlencoded", "token="+second, credentials{}) }, "token.revoke done by account"},
		{func() { app = a.registered("--name", "Shelf", "--redirect-uri", callback) }, "client.create done by command"},
		{func() { a.must("client", "set", app.id, "--name", "Shelf 2") }, "client.change done by command"},
		{func() { ada = a.person() }, "session.sign_in done by account"},
		{func() { code, verifier = ada.letIn(app, "openid offline_access") }, "app.allow done by account"},
		{func() { a.grantAs(app, exchangeOf(code, verifier)) }, "app.sign_in done by client"},
		{func() { a.grantAs(app, exchangeOf(code, verifier)) }, "token.reused done by client"},
		{func() { a.must("client", "end", app.id) }, "client.end done by command"},
		{func() { a.call("DELETE", "/v1/sessions", token, nil) }, "session.end_all done by account"},
		{func() {
			a.call("PUT", "/v1/accounts/me/password", token, map[string]string{"current_password": next, "new_password": next})
		}, "account.change_password refused by account"},
		{func() {
			a.call("PUT", "/v1/accounts/me/password", token, map[string]string{"current_password": password, "new_password": next})
		}, "account.change_password done by account"},
		{func() { a.must("api", "create", "books", "--scope", "books:read") }, "api.create done by command"},
		{func() { a.must("api", "set", "books", "--scope", "books:read", "--scope", "books:write") }, "api.set_scopes done by command"},
		{func() { a.must("api", "describe", "books", "books:read", "see your books") }, "api.set_scopes done by command"},
		{func() { a.must("role", "create", "books", "reader", "--scope", "books:read") }, "role.create done by command"},
		{func() { a.must("role", "set", "books", "reader", "--scope", "books:write") }, "role.set_scopes done by command"},
		{func() { a.must("role", "grant", email, "books", "reader", "--unverified-email") }, "role.assign done by command"},
		{func() { token, _ = a.signIn(email, next) }, "session.sign_in done by account"},
		{func() { _, session = a.personal(token, "books:write") }, "personal.create done by account"},
		{func() { a.call("DELETE", "/v1/tokens/"+session, token, nil) }, "personal.end done by account"},
		{func() { a.must("role", "revoke", email, "books", "reader") }, "role.unassign done by command"},
		{func() { books = a.client("books") }, "client.create done by command"},
		{func() { a.introspect(token, credentials{books.id, books.secret + "x"}) }, "client.authenticate refused by nobody"},
		{func() { a.printed("client", "rotate", books.id) }, "client.rotate done by command"},
		{func() { a.must("client", "rotate", books.id, "--drop-old") }, "client.drop_old done by command"},
		{func() { a.must("client", "disable", books.id) }, "client.disable done by command"},
		{func() { a.must("account", "disable", email) }, "account.disable done by command"},
		{func() { a.must("account", "create", "hedy@books.test", "--generate") }, "account.create done by command"},
		{func() {
			if said, err := servicetest.CommandWithInput(t, servicetest.AuthAPI, a.env, `{"email":"joan@books.test"}`, "account", "import"); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
		}, "account.import done by command"},
		{func() { a.must("account", "invite", "lise@books.test") }, "account.invite done by command"},
		{func() {
			code, path := a.invited(box, "Your invitation", 1)
			a.call("POST", "/v1/accounts/"+strings.TrimPrefix(path, "/invitation/")+"/confirmation", "", map[string]string{"code": code, "password": password})
		}, "account.register done by nobody"},
		{func() { asked = a.asksForAccount("mae@books.test") }, ""},
		{func() {
			code := mailedCode.FindStringSubmatch(arrives(t, box, registrationSubject, 1).Text)
			a.want(a.call("POST", "/v1/accounts/"+asked.text("id")+"/confirmation", "", map[string]string{"code": code[1], "password": password}), 204, "")
		}, "account.register done by nobody"},
		{func() {
			token, _ = a.signIn("lise@books.test", password)
		}, "session.sign_in done by account"},
		{func() { _, recovery = a.secondFactor(token) }, "factor.add done by account"},
		{func() { token = a.signInWith("lise@books.test", password, recovery[0]) }, "session.sign_in done by account"},
		{func() { a.call("POST", "/v1/accounts/me/recovery-codes", token, nil) }, "factor.new_recovery_codes done by account"},
		{func() { a.call("DELETE", "/v1/accounts/me/totp", token, nil) }, "factor.remove done by account"},
		{func() { a.must("account", "verify", email) }, "account.verify_email done by command"},
		{func() { a.must("account", "unlock", email) }, "account.unlock done by command"},
		{func() { a.must("account", "enable", email) }, "account.enable done by command"},
		{func() { token, _ = a.signIn(email, next) }, "session.sign_in done by account"},
		{func() { a.call("DELETE", "/v1/accounts/me", token, map[string]string{"password": next}) }, "account.delete done by account"},
		{func() { a.register(other, password) }, "account.create done by command"},
		{func() {
			asked = a.call("POST", "/v1/password-resets", "", map[string]string{"email": other})
		}, "account.request_reset done by nobody"},
		{func() {
			code, _ := codeIn(t, box, 1)
			a.call("POST", "/v1/password-resets/"+asked.text("id")+"/confirmation", "", map[string]string{"code": code, "new_password": next})
		}, "account.reset_password done by nobody"},
		{func() { token, _ = a.signIn(other, next) }, "session.sign_in done by account"},
		{func() {
			asked = a.call("POST", "/v1/accounts/me/address", token, map[string]string{"email": newAddress})
		}, "account.request_address done by account"},
		{func() {
			code := mailedCode.FindStringSubmatch(arrives(t, box, addressSubject, 1).Text)
			a.call("POST", "/v1/accounts/me/address/"+asked.text("id")+"/confirmation", token, map[string]string{"code": code[1]})
		}, "account.change_address done by account"},
		{func() {
			mail := arrives(t, box, undoSubject, 1)
			_, id, _ := strings.Cut(mail.Text, "/address/")
			a.call("POST", "/v1/address-changes/"+strings.Fields(id)[0]+"/undo", "", map[string]string{"code": mailedCode.FindStringSubmatch(mail.Text)[1], "new_password": next})
		}, "account.undo_address done by nobody"},
		{func() { token, _ = a.signIn(other, next) }, "session.sign_in done by account"},
		// What changes nothing and is allowed leaves none.
		{func() {
			a.me(token)
			a.call("GET", "/v1/sessions", token, nil)
			a.call("GET", "/v1/accounts/me/events", token, nil)
			a.must("client", "list")
			a.must("audit", "search")
		}, ""},
	} {
		step.do()
		want := seen
		if step.want != "" {
			want++
		}
		var all []string
		// Refusals are recorded a few seconds later.
		devtest.Eventually(t, step.want, func() bool { all = a.recorded(); return len(all) >= want })
		if len(all) != want {
			t.Fatalf("%q left %d events: %q", step.want, len(all)-seen, all[seen:])
		}
		if want > seen && !slices.Contains(all, step.want) {
			t.Fatalf("want %q, got %q", step.want, all)
		}
		seen = want
	}
	all := strings.Join(a.recorded(), "\n")
	for _, verb := range audit.Verbs() {
		if verb != audit.DroppedRefusals && verb != audit.EndApp && !strings.Contains(all, string(verb)+" ") {
			t.Errorf("no step has the verb %s", verb)
		}
	}
	dump := a.dumpEvents()
	for _, secret := range []string{email, other, password, next, token, books.secret, "Ada Lovelace", "argon2id"} {
		if strings.Contains(dump, secret) {
			t.Errorf("the events hold %.12s…", secret)
		}
	}
}

// dumpEvents are all columns of all events, as text.
func (a *api) dumpEvents() (dump string) {
	a.t.Helper()
	err := a.postgres().QueryRow(a.t.Context(), `SELECT concat((SELECT string_agg(e::text, E'\n') FROM events e), (SELECT string_agg(o::text, E'\n') FROM event_origins o))`).Scan(&dump)
	if err != nil {
		a.t.Fatal(err)
	}
	return dump
}

func TestOwnEventsAreListedPageByPage(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, session := a.member()
	for n := range 4 {
		a.call("PATCH", "/v1/accounts/me", token, map[string]string{"name": fmt.Sprint("Ada ", n)})
	}
	a.register("grace@books.test", password)
	var verbs []string
	path := "/v1/accounts/me/events?limit=4"
	for after := ""; ; {
		got := a.call("GET", path+after, token, nil)
		a.want(got, http.StatusOK, "")
		events, _ := got.body["events"].([]any)
		for _, e := range events {
			event, _ := e.(map[string]any)
			verbs = append(verbs, fmt.Sprint(event["verb"]))
			if event["verb"] == string(audit.SignIn) && (event["session"] != session || event["address"] != "127.0.0.1" || event["by"] != "account") {
				t.Errorf("the sign-in is %v", event)
			}
		}
		if got.text("next") == "" {
			break
		}
		after = "&after=" + got.text("next")
	}
	if want := []string{"account.rename", "account.rename", "account.rename", "account.rename", "session.sign_in", "account.create"}; !slices.Equal(verbs, want) {
		t.Errorf("got %q, want %q", verbs, want)
	}
	for _, wrong := range []string{"limit=0", "limit=101", "limit=x", "after=x", "after=" + strings.Repeat("A", 32), "after=__________________________________________"} {
		if got := a.call("GET", "/v1/accounts/me/events?"+wrong, token, nil); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", wrong, got.status, got.raw)
		}
	}
}

func TestNameForgesNoLine(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.member()
	// A caller cannot write it; a table that was restored from elsewhere may have it.
	const forged = "x\n2026-01-01T00:00:00Z  account root\t\x1b[2J\u202e"
	if _, err := a.postgres().Exec(t.Context(), `UPDATE event_origins SET device = $1`, forged); err != nil {
		t.Fatal(err)
	}
	out := a.must("audit", "search", "--verb", "session.sign_in")
	if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != 2 || strings.ContainsAny(out, "\x1b\t\u202e") {
		t.Errorf("printed %q", out)
	}
	if out = a.must("audit", "search", "--subject", email, "--json"); strings.Count(strings.TrimSpace(out), "\n") != 1 || strings.ContainsRune(out, '\x1b') {
		t.Errorf("printed %q", out)
	}
	if out, err := a.run("audit", "search", "--verb", "x"); err == nil {
		t.Errorf("printed %q for a verb that there is not", out)
	}
}
