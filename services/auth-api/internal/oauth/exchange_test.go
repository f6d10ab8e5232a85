package oauth_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/oauth"
)

// books lets the person read and write books.
func (w *world) books() {
	w.t.Helper()
	if err := w.Resources.CreateRole(w.t.Context(), "books", "editor", []string{"books:read", "books:write"}); err != nil {
		w.t.Fatal(err)
	}
	if err := w.Resources.Assign(w.t.Context(), email, "books", "editor"); err != nil {
		w.t.Fatal(err)
	}
}

func TestCodeGivesTokensForWhatWasAskedAndIsAssigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.books()
	tokens := w.mustExchange(w.code("scope", "openid books:read films:watch account", "nonce", "n-0S6"))
	if want := []string{"books:read", "openid"}; !slices.Equal(tokens.Scopes, want) || !slices.Equal(tokens.Audiences, []string{"books"}) {
		t.Errorf("%q for %q, want %q for books", tokens.Scopes, tokens.Audiences, want)
	}
	if tokens.Nonce != "n-0S6" || tokens.SignIn != w.person.Session || !tokens.AuthenticatedAt.Equal(w.person.AuthenticatedAt) || tokens.Refresh.Reveal() == "" {
		t.Errorf("%+v", tokens)
	}
	p, err := w.Verifier.Verify(t.Context(), tokens.Token.Reveal())
	if err != nil || p.Subject != w.person.Account.String() || p.Client != w.app.String() {
		t.Errorf("%+v, %v", p, err)
	}
	if n := w.Text("SELECT count(*) FROM events WHERE verb IN ('app.allow', 'app.sign_in')"); n != "2" {
		t.Errorf("%s events, want one for the consent and one for the tokens", n)
	}
}

func TestOfManyExchangesAtOnceOneWinsAndIsEndedByTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.code()
	var won atomic.Int64
	var tokens oauth.Tokens
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			got, err := w.exchange(code)
			switch {
			case err == nil:
				won.Add(1)
				tokens = got
			case fault.CodeOf(err) != fault.InvalidGrant:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d exchanges won", won.Load())
	}
	if w.live(tokens) {
		t.Error("what the code gave outlives its replay")
	}
	_, err := w.Authorizations.Refresh(t.Context(), authorization.Renewal{Refresh: tokens.Refresh.Reveal(), Client: w.app, TokenLifetime: time.Minute})
	wantCode(t, err, fault.InvalidGrant)
}

func TestCodeIsBoundToAllThatItWasMadeFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.register("")
	good := func() oauth.Exchange {
		return oauth.Exchange{App: w.read(w.app), Code: w.code(), RedirectURI: callback, Verifier: verifier}
	}
	for name, c := range map[string]struct {
		change func(*oauth.Exchange)
		code   fault.Code
		burns  bool
	}{
		"another client":     {func(e *oauth.Exchange) { e.App = w.read(other) }, fault.InvalidGrant, false},
		"another redirect":   {func(e *oauth.Exchange) { e.RedirectURI = callback + "/" }, fault.InvalidGrant, true},
		"no redirect":        {func(e *oauth.Exchange) { e.RedirectURI = "" }, fault.InvalidGrant, true},
		"another verifier":   {func(e *oauth.Exchange) { e.Verifier = strings.Repeat("a", 43) }, fault.InvalidGrant, true},
		"no verifier":        {func(e *oauth.Exchange) { e.Verifier = "" }, fault.InvalidGrant, true},
		"a short verifier":   {func(e *oauth.Exchange) { e.Verifier = verifier[1:] }, fault.MalformedRequest, false},
		"a long verifier":    {func(e *oauth.Exchange) { e.Verifier = strings.Repeat("a", 129) }, fault.MalformedRequest, false},
		"an odd verifier":    {func(e *oauth.Exchange) { e.Verifier = strings.Repeat("é", 30) }, fault.MalformedRequest, false},
		"another API":        {func(e *oauth.Exchange) { e.Resources = []string{"films"} }, fault.InvalidTarget, false},
		"another code":       {func(e *oauth.Exchange) { e.Code = "bac_" + strings.Repeat("a", 49) }, fault.InvalidGrant, false},
		"a changed code":     {func(e *oauth.Exchange) { e.Code += "a" }, fault.InvalidGrant, false},
		"a code in capitals": {func(e *oauth.Exchange) { e.Code = strings.ToUpper(e.Code) }, fault.InvalidGrant, false},
	} {
		e := good()
		bad := e
		c.change(&bad)
		if _, err := w.Exchange(t.Context(), bad); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		_, err := w.Exchange(t.Context(), e)
		if (err != nil) != c.burns {
			t.Errorf("%s, then the right one: %v; burned should be %v", name, err, c.burns)
		}
	}
}

func TestCodeDiesWithWhateverItCameFrom(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world){
		"after a minute":    func(w *world) { w.Clock.Move(time.Minute) },
		"session ended":     func(w *world) { w.endSession() },
		"consent withdrawn": func(w *world) { w.SQL("UPDATE consents SET epoch = epoch + 1, withdrawn_at = now()") },
		"account disabled":  func(w *world) { w.SQL("UPDATE subjects SET ended_at = now() WHERE kind = 'account'") },
		"everything ended":  func(w *world) { w.SQL("UPDATE subjects SET epoch = epoch + 1 WHERE kind = 'account'") },
		"the client ended": func(w *world) {
			w.SQL("INSERT INTO subjects (id, kind) VALUES ($1, 'client') ON CONFLICT DO NOTHING", w.app)
			w.SQL("UPDATE subjects SET epoch = epoch + 1 WHERE id = $1", w.app)
		},
		"grant taken from it": func(w *world) { w.SQL("UPDATE clients SET grants = '{}'") },
	} {
		for _, scope := range []string{"books:read", "offline_access"} {
			t.Run(name+" "+scope, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				code := w.code("scope", scope)
				end(w)
				tokens, err := w.exchange(code)
				if err == nil {
					t.Fatalf("exchanged for %+v", tokens)
				}
				if code := fault.CodeOf(err); code != fault.InvalidGrant && code != fault.UnauthorizedClient {
					t.Error(err)
				}
			})
		}
	}
}

func TestOfflineAccessOutlivesTheSessionAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bound, offline := w.mustExchange(w.code()), w.mustExchange(w.code("scope", "books:read offline_access"))
	w.endSession()
	if w.live(bound) {
		t.Error("without offline_access it outlives the session")
	}
	if !w.live(offline) {
		t.Error("with offline_access it ended with the session")
	}
	_, err := w.Authorizations.Refresh(t.Context(), authorization.Renewal{Refresh: offline.Refresh.Reveal(), Client: w.app, TokenLifetime: time.Minute})
	if err != nil {
		t.Error(err)
	}
	_, err = w.Authorizations.Refresh(t.Context(), authorization.Renewal{Refresh: bound.Refresh.Reveal(), Client: w.app, TokenLifetime: time.Minute})
	wantCode(t, err, fault.InvalidGrant)
}

func TestClientWithoutTheGrantGetsNoRefreshToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app = w.register("grants = '{authorization_code}'")
	tokens := w.mustExchange(w.code("scope", "books:read offline_access"))
	if tokens.Refresh.Reveal() != "" || slices.Contains(tokens.Scopes, "offline_access") {
		t.Errorf("refresh %v, scopes %q", tokens.Refresh, tokens.Scopes)
	}
}

func TestFormThatIsSentTwiceGivesOneCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.begin(w.params())
	codes := make(chan string, 16)
	var all sync.WaitGroup
	r.ApprovedIn = w.person.Session
	for range cap(codes) {
		all.Go(func() {
			n, err := w.Next(context.Background(), r, w.person)
			if err != nil {
				t.Error(err)
				return
			}
			codes <- w.arrived(n).Get("code")
		})
	}
	all.Wait()
	code := <-codes
	for range cap(codes) - 1 {
		if other := <-codes; other != code {
			t.Fatal("two codes for one request")
		}
	}
	w.mustExchange(code)
	_, err := w.Next(t.Context(), r, w.person)
	wantCode(t, err, fault.RequestExpired)
	if n := w.Text("SELECT count(*) FROM events WHERE verb = 'app.allow'"); n != "1" {
		t.Errorf("%s events of consent", n)
	}
}

func TestCodeOfAnotherSignInIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.begin(w.params())
	old := w.allow(r).Get("code")
	w.person = w.signIn()
	fresh := w.allow(r).Get("code")
	if _, err := w.exchange(old); fault.CodeOf(err) != fault.InvalidGrant {
		t.Errorf("the code of the sign-in before: %v", err)
	}
	if tokens := w.mustExchange(fresh); tokens.SignIn != w.person.Session {
		t.Error("the tokens are of the sign-in before")
	}
}

func TestCodeThatWasNotUsedInTimeIsMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.begin(w.params())
	old := w.allow(r).Get("code")
	w.Clock.Move(2 * time.Minute)
	fresh := w.allow(r).Get("code")
	if fresh == old {
		t.Error("the code that has expired was given again")
	}
	w.mustExchange(fresh)
	_, err := w.exchange(old)
	wantCode(t, err, fault.InvalidGrant)
}

func TestAPIIsKnownByItsNameAndByBothSpellingsOfItsURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.books()
	if err := w.Resources.SetURL(t.Context(), "books", "https://books.example/v1/"); err != nil {
		t.Fatal(err)
	}
	if err := w.Resources.Create(t.Context(), "films", []string{"films:watch"}); err != nil {
		t.Fatal(err)
	}
	for _, resource := range []string{"books", "https://books.example/v1", "https://books.example/v1/"} {
		code := w.code("resource", resource)
		tokens, err := w.Exchange(t.Context(), oauth.Exchange{App: w.read(w.app), Code: code, RedirectURI: callback, Verifier: verifier, Resources: []string{resource}})
		if err != nil || !slices.Equal(tokens.Audiences, []string{"books"}) {
			t.Errorf("%s: %q, %v", resource, tokens.Audiences, err)
		}
	}
	for _, resource := range []string{"films", "https://books.example/v2", "https://books.example/v1//", "https://BOOKS.example/v1"} {
		if got := w.arrived(w.next(w.begin(w.params("resource", resource)), w.person)); got.Get("error") != "invalid_target" {
			t.Errorf("%s: %v", resource, got)
		}
	}
}

func TestOldCodesAreSwept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustExchange(w.code())
	w.code()
	w.Clock.Move(30 * time.Minute)
	if n, err := w.SweepOnce(t.Context()); n != 0 || err != nil {
		t.Errorf("%d swept after half an hour, %v", n, err)
	}
	w.Clock.Move(time.Hour)
	if n, err := w.SweepOnce(t.Context()); n != 2 || err != nil {
		t.Errorf("%d swept, %v; want 2", n, err)
	}
}
