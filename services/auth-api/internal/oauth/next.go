package oauth

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/client"
)

// Step is what has to happen next.
type Step string

// The closed set of steps.
const (
	// SignIn: the person has to sign in, perhaps once more.
	SignIn Step = "sign_in"
	// Register: the person has to make an account or sign in.
	Register Step = "register"
	// Consent: the person has to be asked whether the app is let in.
	Consent Step = "consent"
	// Return: the browser goes back to the app, with a code or an error.
	Return Step = "return"
)

// Next is what comes next for a request.
type Next struct {
	Step Step
	App  client.App
	// Scopes are those that a consent is asked for.
	Scopes []string
	// Location is where the browser goes back to.
	Location string
}

// Next decides what comes next: for a person who is signed in, or for nobody (the zero
// Person). Faults: client_not_found (it was disabled meanwhile), request_expired (the code
// of the request was used already), store_unavailable.
func (s *Service) Next(ctx context.Context, r Request, who Person) (Next, error) {
	app, err := s.Apps.App(ctx, r.Client)
	if err != nil {
		return Next{}, fmt.Errorf("answer an authorization request: %w", err)
	}
	if !app.AllowsRedirect(r.RedirectURI) { // The registration has changed.
		return Next{}, clientNotFound()
	}
	n := Next{App: app}
	if r.Asks(PromptNone) {
		return s.nextSilently(ctx, n, r, who)
	}
	if n.Step = s.signInStep(r, who); n.Step != "" {
		return n, nil
	}
	if r.Refusal != nil {
		return s.back(n, r, *r.Refusal), nil
	}
	if r.meansAnother(who) {
		return s.back(n, r, Refusal{LoginRequired, "Somebody else has signed in than id_token_hint says."}), nil
	}
	if r.lacksFactor(who) {
		return s.back(n, r, noFactor()), nil
	}
	ask, err := s.asks(ctx, app, r, who)
	if err != nil {
		return Next{}, err
	}
	if ask && !r.approved(who) {
		n.Step, n.Scopes = Consent, r.Scopes
		return n, nil
	}
	return s.withCode(ctx, n, r, who)
}

// nextSilently is Next for prompt=none: the person is asked nothing.
func (s *Service) nextSilently(ctx context.Context, n Next, r Request, who Person) (Next, error) {
	if r.Refusal != nil {
		return s.back(n, r, *r.Refusal), nil
	}
	if s.signInStep(r, who) != "" || r.meansAnother(who) {
		return s.back(n, r, Refusal{LoginRequired, "Nobody is signed in, or not recently enough, or somebody else than id_token_hint says."}), nil
	}
	if r.lacksFactor(who) {
		return s.back(n, r, noFactor()), nil
	}
	if r.LoginHint != "" && !strings.EqualFold(r.LoginHint, who.Email) {
		return s.back(n, r, Refusal{AccountSelectionRequired, "Somebody else is signed in than login_hint says."}), nil
	}
	ask, err := s.asks(ctx, n.App, r, who)
	if err != nil {
		return Next{}, err
	}
	if ask {
		return s.back(n, r, Refusal{ConsentRequired, "The person has to be asked."}), nil
	}
	return s.withCode(ctx, n, r, who)
}

// noFactor is the answer for a person who has just signed in, and has no second factor.
func noFactor() Refusal {
	return Refusal{UnmetAuthentication, "The account has no second factor. Its owner can turn one on in the account's settings."}
}

// signInStep is SignIn or Register if the person has to sign in; otherwise "".
func (s *Service) signInStep(r Request, who Person) Step {
	switch {
	case r.IsMetBy(who):
		return ""
	case r.Asks(PromptCreate):
		return Register
	case who.Session == uuid.Nil, r.meansAnother(who), r.lacksFactor(who), r.Asks(PromptLogin), r.MaxAge >= 0 && s.Now().Sub(who.AuthenticatedAt) > r.MaxAge, r.MaxAge == 0:
		return SignIn
	}
	return ""
}

// asks says whether the person has to be asked. Any program on the device could take an
// answer that is sent to it, so that needs a click each time (RFC 8252, section 8.6). If
// login_hint names somebody else, the person decides who goes on.
func (s *Service) asks(ctx context.Context, app client.App, r Request, who Person) (bool, error) {
	switch {
	case r.Asks(PromptConsent), r.Asks(PromptAccount), client.IsOnDevice(r.RedirectURI):
		return true, nil
	case r.LoginHint != "" && !strings.EqualFold(r.LoginHint, who.Email):
		return true, nil
	case app.FirstParty:
		return false, nil
	}
	given, err := s.Authorizations.Consented(ctx, who.Account, app.ID)
	if err != nil {
		return false, fmt.Errorf("read what was consented to: %w", err)
	}
	return given.Epoch == 0 || !containsAll(given.Scopes, r.Scopes), nil
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// Deny is the answer of a person who does not let the app in.
func (s *Service) Deny(ctx context.Context, r Request) (Next, error) {
	app, err := s.Apps.App(ctx, r.Client)
	if err != nil {
		return Next{}, fmt.Errorf("deny an authorization request: %w", err)
	}
	return s.back(Next{App: app}, r, Refusal{AccessDenied, "The person did not let the app in."}), nil
}

// back sends the browser to the app with an error.
func (s *Service) back(n Next, r Request, refusal Refusal) Next {
	n.Step = Return
	n.Location = s.location(r, "error", refusal.Error, "error_description", refusal.Description)
	return n
}

// withCode sends the browser to the app with a code.
func (s *Service) withCode(ctx context.Context, n Next, r Request, who Person) (Next, error) {
	code, err := s.code(ctx, n.App, r, who)
	if err != nil {
		return Next{}, err
	}
	n.Step = Return
	n.Location = s.location(r, "code", code)
	return n, nil
}

// location is the redirect URI with parameters appended: its own bytes are left alone (RFC
// 6749, section 3.1.2). iss is there in every answer (RFC 9207).
func (s *Service) location(r Request, pairs ...string) string {
	var query strings.Builder
	for n := 0; n < len(pairs); n += 2 {
		query.WriteString(pairs[n] + "=" + url.QueryEscape(pairs[n+1]) + "&")
	}
	if r.State != "" {
		query.WriteString("state=" + url.QueryEscape(r.State) + "&")
	}
	query.WriteString("iss=" + url.QueryEscape(s.Issuer))
	return Append(r.RedirectURI, query.String())
}

// Append appends an encoded query to a registered URI, whose own bytes are left alone.
func Append(uri, query string) string {
	separator := "?"
	if _, own, found := strings.Cut(uri, "?"); found && own == "" {
		separator = ""
	} else if found {
		separator = "&"
	}
	return uri + separator + query
}
