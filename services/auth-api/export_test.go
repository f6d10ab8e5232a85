package main_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// exportedAs says where the rows of each table are in an export. A table is in it, or has a
// reason why it is not.
func exportedAs() map[string]string {
	return map[string]string{
		"accounts": "account", "sessions": "sessions", "consents": "apps", "personal_tokens": "personal_tokens", "role_assignments": "roles",
		"events": "events", "event_origins": "events", "mails": "mails", "codes": "codes", "totps": "second_factors", "recovery_codes": "second_factors", "passkeys": "second_factors", "sign_in_challenges": "second_factors",
		// Live ones, as sessions and personal tokens. Of those that have ended, until they are
		// deleted, the events tell.
		"authorizations": "sessions",
	}
}

func notExported() map[string]string {
	return map[string]string{
		"subjects":            "the account's id, and counters of what was ended",
		"access_tokens":       "keyed hashes; the times are those of the authorizations",
		"refresh_tokens":      "keyed hashes",
		"authorization_codes": "hashes, for a minute; what was allowed is in apps and events",
		"pushed_requests":     "what an app asks for, for a minute, before anybody is signed in",
		"spent_ceremonies":    "hashes, for minutes, of nobody",
		"outbox":              "ids of what has changed, for an hour",
		"apis":                "of no person", "roles": "of no person; roles has those that the person has", "clients": "of no person; apps names those that were let in", "client_assertions": "of no person",
		"schema_state": "of no person",
	}
}

func TestExportHasEverythingThatIsStoredAboutAPerson(t *testing.T) {
	t.Parallel()
	schema, err := os.ReadFile("../../schema/schema.hcl")
	if err != nil {
		t.Fatal(err)
	}
	tables := regexp.MustCompile(`(?m)^table "([a-z_]+)"`).FindAllStringSubmatch(string(schema), -1)
	if len(tables) < 15 {
		t.Fatalf("found %q", tables)
	}
	for _, table := range tables {
		in, reason := exportedAs()[table[1]], notExported()[table[1]]
		if (in == "") == (reason == "") {
			t.Errorf("is %s in the export, or why not?", table[1])
		}
	}

	a, box := withMail(t, onLocalhost)
	session, _ := a.library()
	a.call("PATCH", "/v1/accounts/me", session, map[string]string{"name": "Ada of the export"})
	secret, _ := a.personal(session, "books:read")
	app, ada := a.app("--name", "Exported Shelf", "--grant", "authorization_code", "--grant", "refresh_token"), a.person()
	code, verifier := ada.letIn(app, "books:read offline_access")
	granted := a.grantAs(app, exchangeOf(code, verifier))
	a.want(a.call("POST", "/v1/password-resets", "", map[string]string{"email": email}), 202, "")
	typed, _ := codeIn(t, box, 1)
	if _, err := a.postgres().Exec(t.Context(), `
		INSERT INTO mails (id, kind, recipient, account, data, state, tries, next_try_at, error, created_at)
		SELECT gen_random_uuid(), 'new_device', email, id, '{"address": "192.0.2.99"}', 'failed', 3, now(), '550 nobody of this name', now() FROM accounts`); err != nil {
		t.Fatal(err)
	}
	secretOfApp, recovery := a.secondFactor(session)
	session = a.signInWith(email, password, recovery[0])
	laptop := a.laptop()
	a.want(a.addPasskey(session, "Exported laptop", laptop), 201, "")
	a.want(a.signInWithPasskey("", laptop), 201, "")
	challenge := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	a.want(challenge, 202, "")
	// What is another person's must not be there.
	a.register("grace@books.test", password)
	grace, _ := a.signIn("grace@books.test", password)
	a.call("PATCH", "/v1/accounts/me", grace, map[string]string{"name": "Grace of another"})

	got := a.call("GET", "/v1/accounts/me/export", session, nil)
	a.want(got, 200, "")
	if !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("it is shown, not kept: %v", got.header)
	}
	for table, part := range exportedAs() {
		rows, are := got.body[part].([]any)
		if _, is := got.body[part].(map[string]any); !is && (!are || len(rows) == 0) {
			t.Errorf("%s: nothing is in %s: %s", table, part, got.raw)
		}
	}
	for _, mine := range []string{email, "Ada of the export", "Exported laptop", "backup", "Exported Shelf", `"editor"`, "127.0.0.1", "192.0.2.99", "550 nobody", "reset_password", "account.rename", "account.export", "personal.create", "app.allow", "session.sign_in"} {
		if !strings.Contains(got.raw, mine) {
			t.Errorf("the export lacks %s: %s", mine, got.raw)
		}
	}
	for what, other := range map[string]string{
		"another person": "grace@", "another's name": "Grace of", "the token": session, "the personal token": secret, "the access token": granted.text("access_token"),
		"the refresh token": granted.text("refresh_token"), "the authorization code": code, "the mailed code": typed, "a hash": "argon2", "the password": password, "the app's secret": app.secret, "the authenticator's secret": secretOfApp, "a recovery code": recovery[1], "a challenge": challenge.text("challenge"),
	} {
		if other == "" || strings.Contains(got.raw, other) {
			t.Errorf("the export has %s (%.10q)", what, other)
		}
	}
	for _, hash := range a.hashes() {
		for _, form := range []string{hex.EncodeToString(hash), base64.StdEncoding.EncodeToString(hash), base64.RawURLEncoding.EncodeToString(hash)} {
			if strings.Contains(got.raw, form) {
				t.Errorf("the export has a hash: %s", form)
			}
		}
	}
	a.everyValueIsExported(got.raw)
}

// hashes are the values of all columns that hold bytes.
func (a *api) hashes() (all [][]byte) {
	a.t.Helper()
	for _, from := range []string{"hash FROM access_tokens", "hash FROM refresh_tokens", "hash FROM authorization_codes", "hash FROM codes WHERE hash IS NOT NULL", "secret FROM totps", "hash FROM recovery_codes", "hash FROM sign_in_challenges", "credential_id FROM passkeys", "handle FROM passkeys", "unnest(secret_hashes) FROM clients"} {
		rows, err := a.postgres().Query(a.t.Context(), "SELECT "+from)
		if err != nil {
			a.t.Fatal(err)
		}
		for rows.Next() {
			var hash []byte
			if err := rows.Scan(&hash); err != nil {
				a.t.Fatal(err)
			}
			all = append(all, hash)
		}
		if rows.Err() != nil {
			a.t.Fatal(rows.Err())
		}
	}
	if len(all) < 5 {
		a.t.Fatalf("%d hashes: nothing is tested", len(all))
	}
	return all
}

// everyValueIsExported compares the person's rows with the export, column by column, so that
// a new column is either exported or named here.
func (a *api) everyValueIsExported(exported string) {
	a.t.Helper()
	id := a.one(`SELECT id::text FROM accounts WHERE email = $1`, email)
	for table, q := range map[string]struct{ where, left string }{
		"accounts":           {"id = $1", "password_hash password_version second_factor misses email_verified_at updated_at created_at first_sign_in_at"},
		"consents":           {"subject_id = $1", "subject_id epoch created_at withdrawn_at scopes"},
		"sessions":           {"id IN (SELECT id FROM authorizations WHERE subject_id = $1 AND kind = 'session')", ""},
		"personal_tokens":    {"id IN (SELECT id FROM authorizations WHERE subject_id = $1)", "remind_at"},
		"role_assignments":   {"subject_id = $1", "subject_id role_id created_at"},
		"events":             {"subject = $1", "at actor actor_kind actor_name subject subject_kind until count"},
		"event_origins":      {"subject = $1", "at subject"},
		"mails":              {"account = $1", "account created_at next_try_at handed_over_at data tries"},
		"totps":              {"account = $1", "account key_id secret confirmed_at last_step misses warned_at created_at"},
		"recovery_codes":     {"account = $1", "account hash created_at spent_at"},
		"passkeys":           {"account = $1", "account credential_id handle rp_id credential created_at proved_at last_used_at"},
		"sign_in_challenges": {"account = $1", "hash account password_version scopes expires_at spent_at"},
		"codes":              {"account = $1", "id address account hash misses created_at expires_at spent_at"},
	} {
		var all []map[string]any
		text := a.one(`SELECT coalesce(json_agg(t), '[]')::text FROM `+table+` t WHERE `+q.where, id)
		if err := json.Unmarshal([]byte(text), &all); err != nil || len(all) == 0 {
			a.t.Fatalf("%s: %v, %s", table, err, text)
		}
		for _, row := range all {
			for column, value := range row {
				plain := fmt.Sprint(value)
				if value == nil || plain == "" || strings.Contains(" "+q.left+" ", " "+column+" ") {
					continue
				}
				if quoted, _ := json.Marshal(plain); !strings.Contains(exported, string(quoted)) {
					a.t.Errorf("the export lacks %s of %s: %s", column, table, plain)
				}
			}
		}
	}
}

func TestExportNeedsARecentSignInOfOnesOwn(t *testing.T) {
	t.Parallel()
	a := start(t)
	session, _ := a.library()
	const path = "/v1/accounts/me/export"
	a.want(a.call("GET", path, "", nil), 401, "missing_token")
	secret, _ := a.personal(session, "books:read")
	a.want(a.call("GET", path, secret, nil), 403, "insufficient_scope")
	a.want(a.call("GET", path, session, nil), 200, "")
	if _, err := a.postgres().Exec(t.Context(), `UPDATE authorizations SET auth_time = auth_time - interval '16 minutes'`); err != nil {
		t.Fatal(err)
	}
	// The record is written anew with the older time.
	a.want(a.call("PATCH", "/v1/accounts/me", session, map[string]string{"name": "Ada"}), 200, "")
	a.want(a.call("GET", path, session, nil), 401, "insufficient_user_authentication")
	// What is refused before anything is read leaves no event.
	if n := a.count(`SELECT count(*) FROM events WHERE verb = 'account.export'`); n != 1 {
		t.Errorf("%d events of one export", n)
	}
}
