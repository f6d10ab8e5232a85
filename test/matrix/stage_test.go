package matrix_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/redis/go-redis/v9"
	"golang.org/x/oauth2"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
	"auth.books.test/internal/servicetest/passkeytest"
	"auth.books.test/verify/record"
)

// stage is where one event takes place: an API of its own, with a client that introspects,
// and tokens of every kind that may read and write there.
type stage struct {
	*world
	t                *testing.T
	api              string
	clientID, secret string
	person           string
	// victim is what most events are about, sibling another session of the same account,
	// stranger one of another account with another role.
	victim, sibling, stranger session
	// app and offline are what the person has let in to an app: one ends with the sign-in of
	// the browser, the other does not. program is a client's own token.
	app, offline, program session
	// personal is a token that the person has made for a script.
	personal session
	// browser is the sign-in of the browser.
	browser string
	apps    oauth2.Config
	// code is the one that app was exchanged for, verifier that of its PKCE.
	code, verifier     string
	programID, refresh string
	all                []door
}

// session is a token, and the id of its authorization if the event needs it.
type session struct{ token, id string }

// named are all tokens of the stage.
func (s *stage) named() map[string]session {
	return map[string]session{"victim": s.victim, "sibling": s.sibling, "stranger": s.stranger, "app": s.app, "offline": s.offline, "program": s.program, "personal": s.personal}
}

func (s *stage) read() string  { return s.api + ":read" }
func (s *stage) write() string { return s.api + ":write" }

var printed = regexp.MustCompile(`^id     (\S+)\nsecret (\S+)\n$`)

// newStage makes the API with two roles, and the tokens.
func (w *world) newStage(t *testing.T, api string) *stage {
	t.Helper()
	s := &stage{world: w, t: t, api: api, person: "victim@" + api + ".test"}
	w.command(t, "api", "create", api, "--scope", s.read(), "--scope", s.write())
	made := printed.FindStringSubmatch(w.command(t, "client", "create", api))
	if made == nil {
		t.Fatal("client create printed no credentials")
	}
	s.clientID, s.secret = made[1], made[2]
	for role, email := range map[string]string{"writer": s.person, "editor": "stranger@" + api + ".test"} {
		servicetest.CreateAccount(t, w.env, email, password, false)
		w.command(t, "role", "create", api, role, "--scope", s.read(), "--scope", s.write())
		w.command(t, "role", "grant", email, api, role, "--unverified-email")
	}
	s.victim, s.sibling, s.stranger = s.signIn(s.person), s.signIn(s.person), s.signIn("stranger@"+api+".test")
	s.makePersonal()
	s.letIn()
	s.drawProgram()
	return s
}

// makePersonal makes a token for a script of the person.
func (s *stage) makePersonal() {
	s.t.Helper()
	got := call(s.t, "POST", s.first+"/v1/tokens", bearerOf(s.sibling.token), map[string]string{"name": "backup", "scope": s.read() + " " + s.write()})
	details, _ := got.body["details"].(map[string]any)
	s.personal.id, _ = details["id"].(string)
	if s.personal.token = got.text("token"); got.status != 201 || s.personal.id == "" {
		s.t.Fatalf("make a personal token: %d %s", got.status, got.raw)
	}
}

var mailedCode = regexp.MustCompile(`(?m)^\s+([B-Z]{4}-[B-Z]{4})$`)

// resetPassword sets a new password by the code of a mail.
func (s *stage) resetPassword() {
	s.t.Helper()
	asked := call(s.t, "POST", s.first+"/v1/password-resets", bearerOf(""), map[string]string{"email": s.person})
	code, _ := s.mailed(s.person)
	s.do(session{}, "POST", "/v1/password-resets/"+asked.text("id")+"/confirmation", map[string]string{"code": code, "new_password": "another engine weaves patterns"})
}

// mailed waits for the mail with a code to an address.
func (s *stage) mailed(address string) (code, text string) {
	s.t.Helper()
	devtest.Eventually(s.t, "the mail with the code arrives", func() bool {
		for _, m := range s.box.Mails() {
			if found := mailedCode.FindStringSubmatch(m.Text); found != nil && m.To[0] == address {
				code, text = found[1], m.Text
			}
		}
		return code != ""
	})
	return code, text
}

// changeAddress gives the person another address, which both replicas then tell.
func (s *stage) changeAddress() {
	s.t.Helper()
	s.command(s.t, "account", "verify", s.person)
	address := "moved@" + s.api + ".test"
	asked := call(s.t, "POST", s.first+"/v1/accounts/me/address", bearerOf(s.sibling.token), map[string]string{"email": address})
	code, _ := s.mailed(address)
	s.do(s.sibling, "POST", "/v1/accounts/me/address/"+asked.text("id")+"/confirmation", map[string]string{"code": code})
	for _, replica := range []string{s.first, s.other} {
		devtest.Eventually(s.t, "the new address is told", func() bool {
			return call(s.t, "GET", replica+"/v1/accounts/me", bearerOf(s.victim.token), nil).text("email") == address
		})
	}
}

// undoAddress takes the account back by the mail to the address from before.
func (s *stage) undoAddress() {
	s.t.Helper()
	s.changeAddress()
	code, text := s.mailed(s.person)
	_, id, _ := strings.Cut(text, "/address/")
	s.do(session{}, "POST", "/v1/address-changes/"+strings.Fields(id)[0]+"/undo", map[string]string{"code": code, "new_password": "another engine weaves patterns"})
}

// addFactor turns the second factor on.
func (s *stage) addFactor() {
	s.t.Helper()
	begun := call(s.t, "POST", s.first+"/v1/accounts/me/totp", bearerOf(s.sibling.token), nil)
	code, err := totp.GenerateCode(begun.text("secret"), time.Now())
	if err != nil {
		s.t.Fatalf("%d %s: %v", begun.status, begun.raw, err)
	}
	s.do(s.sibling, "POST", "/v1/accounts/me/totp/confirmation", map[string]string{"code": code})
}

// addPasskey adds a passkey, which is the first second factor.
func (s *stage) addPasskey() {
	s.t.Helper()
	begun := call(s.t, "POST", s.first+"/v1/accounts/me/passkeys/options", bearerOf(s.sibling.token), nil)
	options, err := json.Marshal(begun.body["options"])
	if err != nil {
		s.t.Fatal(err)
	}
	device := passkeytest.New(s.t, passkeyDomain, "https://"+passkeyDomain)
	s.do(s.sibling, "POST", "/v1/accounts/me/passkeys", map[string]any{"name": "laptop", "ceremony": begun.text("ceremony"), "credential": device.Create(options)})
}

// haveFactor makes it so that the person has long had an authenticator app, with which the
// sibling has signed in.
func (s *stage) haveFactor() {
	s.t.Helper()
	s.have(`INSERT INTO totps (account, key_id, secret, confirmed_at, created_at) SELECT subject_id, 's1', '', now(), now() FROM authorizations WHERE id = $1`)
}

// havePasskey is haveFactor for a passkey, and returns its id.
func (s *stage) havePasskey() (id string) {
	s.t.Helper()
	s.have(`INSERT INTO passkeys (id, account, credential_id, handle, rp_id, name, credential, created_at, proved_at)
		SELECT id, subject_id, uuid_send(id), decode(repeat('00', 64), 'hex'), '` + passkeyDomain + `', 'laptop', '{}', now(), now() FROM authorizations WHERE id = $1`)
	return s.sibling.id
}

// have makes it so that the sibling has signed in with a second factor, which a statement inserts.
func (s *stage) have(insert string) {
	s.t.Helper()
	for _, statement := range []string{
		`UPDATE accounts SET second_factor = true WHERE id = (SELECT subject_id FROM authorizations WHERE id = $1)`,
		insert,
		`UPDATE authorizations SET amr = '{pwd,otp,mfa}' WHERE id = $1`,
	} {
		if _, err := s.db.Exec(s.t.Context(), statement, s.sibling.id); err != nil {
			s.t.Fatal(err)
		}
	}
	s.do(s.sibling, "PATCH", "/v1/accounts/me", map[string]string{"name": "Ada"}) // writes its record anew
}

// letIn makes the person let an app in twice, in one browser.
func (s *stage) letIn() {
	s.t.Helper()
	const callback = "https://app.example/callback"
	made := printed.FindStringSubmatch(s.command(s.t, "client", "create", "--name", "app of "+s.api, "--first-party", "--audience", s.api,
		"--grant", "authorization_code", "--grant", "refresh_token", "--redirect-uri", callback))
	if made == nil {
		s.t.Fatal("client create printed no credentials")
	}
	s.apps = oauth2.Config{ClientID: made[1], ClientSecret: made[2], RedirectURL: callback, Endpoint: oauth2.Endpoint{
		AuthURL: s.first + "/oauth/authorize", TokenURL: s.first + "/oauth/token", AuthStyle: oauth2.AuthStyleInHeader,
	}}
	person := servicetest.NewPerson(s.t, s.first, s.person, password)
	s.verifier = oauth2.GenerateVerifier()
	scopes := []string{"account", s.read(), s.write()}
	for _, one := range []struct {
		into   *session
		scopes []string
	}{{&s.offline, append(scopes, "offline_access")}, {&s.app, scopes}} {
		s.apps.Scopes = one.scopes
		s.code = person.Code(s.apps.AuthCodeURL("state", oauth2.S256ChallengeOption(s.verifier))).Get("code")
		tokens, err := s.apps.Exchange(s.t.Context(), s.code, oauth2.VerifierOption(s.verifier))
		if err != nil {
			s.t.Fatal(err)
		}
		one.into.token, s.refresh = tokens.AccessToken, tokens.RefreshToken
	}
	err := s.db.QueryRow(s.t.Context(), `SELECT root_id FROM authorizations WHERE client_id = $1 AND parent_id IS NOT NULL`, s.apps.ClientID).Scan(&s.browser)
	if err != nil {
		s.t.Fatal(err)
	}
}

// drawProgram makes a client that draws a token for itself.
func (s *stage) drawProgram() {
	s.t.Helper()
	made := printed.FindStringSubmatch(s.command(s.t, "client", "create", "--name", "program of "+s.api, "--grant", "client_credentials", "--audience", s.api))
	if made == nil {
		s.t.Fatal("client create printed no credentials")
	}
	s.programID = made[1]
	s.command(s.t, "role", "grant", s.programID, s.api, "writer")
	got := call(s.t, "POST", s.first+"/oauth/token", basic(made[1], made[2]), url.Values{"grant_type": {"client_credentials"}})
	if s.program.token = got.text("access_token"); got.status != 200 || s.program.token == "" {
		s.t.Fatalf("client_credentials: %d %s", got.status, got.raw)
	}
}

// reuseCode exchanges the app's code a second time.
func (s *stage) reuseCode() {
	s.t.Helper()
	if _, err := s.apps.Exchange(s.t.Context(), s.code, oauth2.VerifierOption(s.verifier)); err == nil {
		s.t.Error("a code was exchanged twice")
	}
}

// reuseRefreshToken refreshes the app, and once more with the same token after the grace
// window.
func (s *stage) reuseRefreshToken() {
	s.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.refresh}}
	as := basic(s.apps.ClientID, s.apps.ClientSecret)
	if got := call(s.t, "POST", s.first+"/oauth/token", as, form); got.status != 200 {
		s.t.Fatalf("refresh: %d %s", got.status, got.raw)
	}
	if _, err := s.db.Exec(s.t.Context(), `UPDATE refresh_tokens SET rotations = '' WHERE generation > 1`); err != nil {
		s.t.Fatal(err)
	}
	if got := call(s.t, "POST", s.first+"/oauth/token", as, form); got.status != 400 || got.body["error"] != "invalid_grant" {
		s.t.Errorf("the reuse: %d %s", got.status, got.raw)
	}
}

func (s *stage) signIn(email string) session {
	s.t.Helper()
	got := call(s.t, "POST", s.first+"/v1/sessions", bearerOf(""), map[string]string{"email": email, "password": password})
	view, _ := got.body["session"].(map[string]any)
	id, _ := view["id"].(string)
	if got.status != 201 || id == "" {
		s.t.Fatalf("sign in: %d %s", got.status, got.raw)
	}
	return session{got.text("access_token"), id}
}

// do is a request by a session that has to be answered with 200 or 204.
func (s *stage) do(by session, method, path string, body any) {
	s.t.Helper()
	if got := call(s.t, method, s.first+path, bearerOf(by.token), body); got.status/100 != 2 {
		s.t.Fatalf("%s %s: %d %s", method, path, got.status, got.raw)
	}
}

// signInOnceTooOften gives the person as many sessions as they may have, of which the
// victim's was unused longest, and signs in once more.
func (s *stage) signInOnceTooOften() {
	s.t.Helper()
	for _, statement := range []string{
		`UPDATE authorizations SET used_at = used_at - interval '1 day' WHERE id = $1`,
		`INSERT INTO authorizations (id, kind, subject_id, chain, root_id, epoch, scopes, audiences, amr, created_at, used_at, written_at, idle_expires_at, expires_at)
			SELECT n.id, 'session', v.subject_id, ARRAY[n.id], n.id, v.epoch, '{}', '{}', '{}', now(), now(), now(), now() + interval '1 hour', now() + interval '1 hour'
			FROM authorizations v, (SELECT gen_random_uuid() AS id FROM generate_series(1, 97)) n WHERE v.id = $1`,
	} {
		if _, err := s.db.Exec(s.t.Context(), statement, s.victim.id); err != nil {
			s.t.Fatal(err)
		}
	}
	s.signIn(s.person)
}

// endSoon moves an end of the victim's record to two to three seconds from now, which
// is what time would do in days, and waits for it.
func (s *stage) endSoon(field string) {
	s.t.Helper()
	parsed, err := parse(s.ring, s.victim.token)
	if err != nil {
		s.t.Fatal(err)
	}
	// The looks of this test would be uses, which move the idle end; of a session
	// that is over in Postgres none is written down.
	if _, err := s.db.Exec(s.t.Context(), `UPDATE authorizations SET idle_expires_at = now() - interval '1 minute' WHERE id = $1`, s.victim.id); err != nil {
		s.t.Fatal(err)
	}
	ends := time.Unix(time.Now().Unix()+3, 0)
	i, err := record.Decode(s.ring, parsed, s.redis.Get(s.t.Context(), parsed.Key()).Val())
	if err != nil || i.Authorization != s.victim.id {
		s.t.Fatalf("the record is of another session: %+v, %v", i, err)
	}
	switch field {
	case "exp":
		i.ExpiresAt = ends
	case "idle":
		i.IdleExpiresAt = ends
	default:
		s.t.Fatalf("a record has no end %q", field)
	}
	record, err := record.Encode(s.ring, *i)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.redis.Set(s.t.Context(), parsed.Key(), record, redis.KeepTTL).Err(); err != nil {
		s.t.Fatal(err)
	}
	s.wantAll("victim", open) // until then, and so it is in every cache
	time.Sleep(time.Until(ends))
}
