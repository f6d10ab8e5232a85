package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// What a thief of the stores or of the log would hold.
func TestNothingUsableIsWrittenDown(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_LOG_LEVEL"], s["AUTH_API_PASSWORD_GRANT"] = "debug", "true" })
	var secrets []string
	token, _ := a.member()
	second, _ := a.signIn(email, password)
	a.must("api", "create", "books", "--scope", "books:read")
	books := a.client("books")
	rotated := a.printed("client", "rotate", books.id)
	secrets = append(secrets, token, second, password, books.secret, rotated.secret)
	// Where people put secrets by mistake.
	a.call("GET", "/v1/accounts/me?access_token="+token, token, nil)
	a.call("GET", "/"+token, token, nil)
	a.call("DELETE", "/v1/sessions/"+token, second, nil)
	a.call("POST", "/v1/sessions", "", map[string]string{"email": password + "@x", "password": token})
	a.call("POST", "/v1/sessions", token+"x", map[string]string{"email": email, "password": password + "x"})
	a.form("grant_type=password&username=" + token + "&password=" + password)
	a.introspect(token, books)
	a.introspect(books.secret, credentials{rotated.secret, books.secret})
	a.introspectAll(rotated, token, books.secret)
	r, _ := http.NewRequestWithContext(t.Context(), "GET", a.url+"/livez", nil)
	r.Header.Set("X-Request-Id", books.secret)
	a.send(r)
	a.call("DELETE", "/v1/sessions/current", second, nil)
	app, program, ada := a.app("--grant", "authorization_code", "--grant", "refresh_token"), a.registered("--grant", "client_credentials", "--audience", "books"), a.person()
	code, verifier := ada.letIn(app, "books:read offline_access")
	first := a.grantAs(app, exchangeOf(code, verifier))
	next := a.grantAs(app, refreshOf(first.text("refresh_token")))
	spare, _ := ada.letIn(app, "books:read")
	a.grantAs(app, refreshOf(spare))
	a.revoke(program.secret, app)
	secrets = append(secrets, app.secret, program.secret, a.drawn(program), code, spare, verifier)
	for _, got := range []answer{first, next} {
		if got.status != 200 {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		secrets = append(secrets, got.text("access_token"), got.text("refresh_token"))
	}

	dump := a.dumpRedis() + a.dumpPostgres()
	if !strings.Contains(dump, email) || !strings.Contains(dump, "argon2id") || !strings.Contains(dump, "session:") || !strings.Contains(dump, "client:"+books.id) {
		t.Fatalf("the dump is not one: %s", dump)
	}
	log := a.log.String()
	if !strings.Contains(log, `"route":"/v1/sessions"`) {
		t.Fatalf("the log is not one: %s", log)
	}
	bare := strings.NewReplacer("bat_t1_", "", "brt_s1_", "", "bac_", "", "bcs_", "")
	for _, secret := range secrets {
		// Also its secret part alone, and in other clothes.
		for _, form := range []string{secret, bare.Replace(secret), fmt.Sprintf("%x", secret)} {
			if strings.Contains(dump, form) {
				t.Errorf("a store holds %.8s…", form)
			}
			if strings.Contains(log, form) {
				t.Errorf("the log holds %.8s…", form)
			}
		}
	}
	if strings.Contains(log, email) || strings.Contains(log, "books.test@") {
		t.Error("the log holds an e-mail address")
	}
	metrics := a.scrape()
	for _, secret := range append(secrets, email) {
		if strings.Contains(metrics, secret) {
			t.Errorf("the metrics hold %.8s…", secret)
		}
	}
}

func (a *api) dumpRedis() string {
	a.t.Helper()
	client := a.redis()
	var out strings.Builder
	for _, key := range client.Keys(a.t.Context(), "*").Val() {
		fmt.Fprintln(&out, key, client.HGetAll(a.t.Context(), key).Val(), client.Get(a.t.Context(), key).Val())
	}
	return out.String()
}

func (a *api) dumpPostgres() string {
	a.t.Helper()
	db := a.postgres()
	var out strings.Builder
	for _, table := range []string{"accounts", "subjects", "consents", "authorizations", "access_tokens", "outbox", "refresh_tokens", "authorization_codes", "pushed_requests", "codes", "totps", "recovery_codes", "passkeys", "spent_ceremonies", "sign_in_challenges", "mails", "sessions", "personal_tokens", "apis", "roles", "role_assignments", "clients", "client_assertions", "schema_state"} {
		rows, err := db.Query(a.t.Context(), "SELECT t::text FROM "+table+" t")
		if err != nil {
			a.t.Fatal(err)
		}
		for rows.Next() {
			var row string
			if err := rows.Scan(&row); err != nil {
				a.t.Fatal(err)
			}
			fmt.Fprintln(&out, table, row)
		}
		if rows.Err() != nil {
			a.t.Fatal(rows.Err())
		}
	}
	return out.String()
}
