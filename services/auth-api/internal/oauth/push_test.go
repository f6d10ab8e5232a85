package oauth_test

import (
	"strings"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/oauth"
)

func TestPushedRequestIsTheOneThatIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uri, refusal, err := w.Push(t.Context(), w.read(w.app), w.params("state", "pushed", "client_id", "", "client_secret", "bcs_hush", "client_assertion", "ey.hush"))
	if err != nil || refusal != nil || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") {
		t.Fatalf("%q, %v, %v", uri, refusal, err)
	}
	if kept := w.Text("SELECT parameters FROM pushed_requests"); strings.Contains(kept, "hush") {
		t.Errorf("credentials are kept: %s", kept)
	}
	// What else stands in the URL does not count.
	query := oauth.Params{"client_id": {w.app.String()}, "request_uri": {uri}, "scope": {"email"}, "redirect_uri": {"https://evil.test/"}}
	for range 2 { // a reload
		r := w.begin(query)
		if r.State != "pushed" || r.RedirectURI != callback || len(r.Scopes) != 1 || r.Scopes[0] != "books:read" {
			t.Errorf("%+v", r)
		}
		if got := w.allow(r); got.Get("state") != "pushed" || got.Get("code") == "" {
			t.Errorf("%v", got)
		}
	}
	other := w.register("")
	for name, p := range map[string]oauth.Params{
		"another client": {"client_id": {other.String()}, "request_uri": {uri}}, "made up": {"client_id": {w.app.String()}, "request_uri": {uri + "x"}},
		"a URL": {"client_id": {w.app.String()}, "request_uri": {"https://reading.example/request.jwt"}}, "no client": {"request_uri": {uri}},
	} {
		if _, err := w.Begin(t.Context(), p); fault.CodeOf(err) != fault.RequestExpired {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.Clock.Move(2 * time.Minute)
	_, err = w.Begin(t.Context(), query)
	wantCode(t, err, fault.RequestExpired)
}

func TestWhatIsWrongWithAPushedRequestIsToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.read(w.app)
	for name, c := range map[string]struct {
		params oauth.Params
		err    string
	}{
		"plain": {w.params("code_challenge_method", "plain"), "invalid_request"}, "implicit": {w.params("response_type", "token"), "unsupported_response_type"},
		"another request": {w.params("request_uri", "urn:x"), "invalid_request"}, "another API": {w.params("resource", "films"), "invalid_target"},
	} {
		_, refusal, err := w.Push(t.Context(), app, c.params)
		if err != nil || refusal == nil || refusal.Error != c.err {
			t.Errorf("%s: %v, %v", name, refusal, err)
		}
	}
	_, _, err := w.Push(t.Context(), app, w.params("redirect_uri", "https://evil.test/"))
	wantCode(t, err, fault.MalformedRequest)
}
