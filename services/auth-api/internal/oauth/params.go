package oauth

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify"
)

const (
	// maxParam is how many bytes state, nonce and the others may have.
	maxParam = 1024
	// challengeSize is how many bytes S256 gives.
	challengeSize = 32
)

// Params are the parameters of a request, decoded: those that may be repeated with all their
// values. Empty ones count as missing (RFC 6749, section 3.1).
type Params map[string][]string

// Get returns the first value.
func (p Params) Get(name string) string {
	if len(p[name]) == 0 {
		return ""
	}
	return p[name][0]
}

// repeated returns a parameter that is repeated and may not be.
func (p Params) repeated() string {
	for name, values := range p {
		if len(values) > 1 && name != "resource" { // RFC 8707, section 2
			return name
		}
	}
	return ""
}

// Begin checks an authorization request. If the client or the redirect URI is wrong, there is
// nobody to whom an error could be sent: that is a fault, which the person sees. Everything
// else is the Refusal of the request. Faults: client_not_found, malformed_request,
// store_unavailable.
func (s *Service) Begin(ctx context.Context, p Params) (Request, error) {
	// What is repeated could be read differently by whoever looks at it next.
	for _, name := range []string{"client_id", "redirect_uri"} {
		if len(p[name]) > 1 {
			return Request{}, fault.New(fault.MalformedRequest, "The link of the app has the parameter "+name+" more than once.")
		}
	}
	if uri := p.Get("request_uri"); uri != "" {
		var err error
		if p, err = s.pushed(ctx, p.Get("client_id"), uri); err != nil {
			return Request{}, err
		}
	}
	id, err := uuid.Parse(p.Get("client_id"))
	if err != nil || id.String() != p.Get("client_id") {
		return Request{}, clientNotFound()
	}
	app, err := s.Apps.App(ctx, id)
	if err != nil {
		return Request{}, fmt.Errorf("begin an authorization request: %w", err)
	}
	r := Request{Client: id, RedirectURI: p.Get("redirect_uri"), MaxAge: -1}
	r.RedirectGiven = r.RedirectURI != ""
	if !r.RedirectGiven && len(app.RedirectURIs) == 1 && !slices.Contains(strings.Fields(p.Get("scope")), authorization.ScopeOpenID) {
		r.RedirectURI = app.RedirectURIs[0]
	}
	if !app.AllowsRedirect(r.RedirectURI) {
		return Request{}, fault.New(fault.MalformedRequest, "The redirect_uri is not registered for the app: it has to be the same as there, byte by byte.")
	}
	if r.ID, err = uuid.NewV7FromReader(s.Random); err != nil {
		return Request{}, fmt.Errorf("make a request's id: %w", err)
	}
	if r.Refusal, err = s.read(ctx, &r, p, app); err != nil {
		return Request{}, err
	}
	return r, nil
}

func clientNotFound() error {
	return fault.New(fault.ClientNotFound, "The app is not registered here, or it was disabled.")
}

// read fills in the rest of the request, and returns what is wrong with it.
func (s *Service) read(ctx context.Context, r *Request, p Params, app client.App) (*Refusal, error) {
	if len(p.Get("state")) <= maxParam {
		r.State = p.Get("state")
	}
	for _, step := range []func(Params, client.App) *Refusal{r.readShape, r.readPKCE, r.readScopes, r.readPrompt} {
		if refusal := step(p, app); refusal != nil {
			return refusal, nil
		}
	}
	if refusal := s.readHint(r, p); refusal != nil {
		return refusal, nil
	}
	audiences, err := s.Target(ctx, p["resource"], app.Audiences)
	if fault.CodeOf(err) == fault.InvalidTarget {
		return &Refusal{InvalidTarget, "A resource is not an API of this client."}, nil
	}
	if err != nil {
		return nil, err
	}
	r.Audiences = audiences
	return s.dropUnknownScopes(ctx, r)
}

// dropUnknownScopes keeps the scopes of the APIs that the tokens are for, and those that tell
// of the person (OpenID Connect Core, section 3.1.2.1). A request without scopes means all of
// its APIs (RFC 6749, section 3.3): so the person is shown all that the app will get.
func (s *Service) dropUnknownScopes(ctx context.Context, r *Request) (*Refusal, error) {
	offered, err := s.APIs.Offered(ctx, r.Audiences)
	if err != nil {
		return nil, fmt.Errorf("read scopes: %w", err)
	}
	if len(r.Scopes) == 0 {
		r.Scopes = offered
		return nil, nil
	}
	r.Scopes = slices.DeleteFunc(r.Scopes, func(scope string) bool {
		return !slices.Contains(offered, scope) && !slices.Contains(authorization.IdentityScopes(), scope)
	})
	if len(r.Scopes) == 0 {
		return &Refusal{InvalidScope, "None of the scopes is one that this client can be granted."}, nil
	}
	return nil, nil
}

func (r *Request) readShape(p Params, app client.App) *Refusal {
	if name := p.repeated(); name != "" {
		return &Refusal{InvalidRequest, "The parameter " + strconv.QuoteToASCII(name) + " is repeated."}
	}
	for name := range p {
		if len(p.Get(name)) > maxParam && (name != hintParam || len(p.Get(name)) > maxHint) {
			return &Refusal{InvalidRequest, "The parameter " + strconv.QuoteToASCII(name) + " is too long."}
		}
	}
	switch {
	case p.Get("request") != "":
		return &Refusal{RequestNotSupported, "Send the parameters themselves, or push them (RFC 9126)."}
	case p.Get("response_type") == "":
		return &Refusal{InvalidRequest, "response_type is missing: it has to be code."}
	case p.Get("response_type") != "code":
		return &Refusal{UnsupportedResponseType, "The only response_type is code."}
	case p.Get("response_mode") != "" && p.Get("response_mode") != "query":
		return &Refusal{InvalidRequest, "The only response_mode is query."}
	case !app.May(client.AuthorizationCode):
		return &Refusal{UnauthorizedClient, "This client may not sign people in."}
	}
	r.Nonce = p.Get("nonce")
	r.LoginHint = p.Get("login_hint")
	return nil
}

// readPKCE requires S256 (RFC 9700, section 2.1.1): of confidential clients as well, unless
// an administrator has exempted one.
func (r *Request) readPKCE(p Params, app client.App) *Refusal {
	r.Challenge = p.Get("code_challenge")
	method := p.Get("code_challenge_method")
	switch {
	case r.Challenge == "" && method == "" && app.PKCEExempt:
		return nil
	case r.Challenge == "":
		return &Refusal{InvalidRequest, "code_challenge is missing: use PKCE (RFC 7636)."}
	case method != "S256":
		return &Refusal{InvalidRequest, "code_challenge_method has to be S256."}
	}
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(r.Challenge); err != nil || len(raw) != challengeSize || len(r.Challenge) != 43 {
		return &Refusal{InvalidRequest, "code_challenge is not the base64url of a SHA-256."}
	}
	return nil
}

// readScopes keeps the scopes that this client may ask for.
func (r *Request) readScopes(p Params, app client.App) *Refusal {
	for _, scope := range strings.Fields(p.Get("scope")) {
		switch {
		case !isScope(scope):
			return &Refusal{InvalidScope, "A scope has a character that none may have."}
		// Only an app of the same owner may change and delete accounts.
		case scope == authorization.ScopeAccount && !app.FirstParty:
		case scope == authorization.ScopeOfflineAccess && !app.May(client.RefreshToken):
		case !slices.Contains(r.Scopes, scope):
			r.Scopes = append(r.Scopes, scope)
		}
	}
	return nil
}

// isScope is RFC 6749, section 3.3.
func isScope(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

func (r *Request) readPrompt(p Params, _ client.App) *Refusal {
	for _, word := range strings.Fields(p.Get("prompt")) {
		switch prompt := Prompt(word); prompt {
		case PromptNone, PromptLogin, PromptConsent, PromptAccount, PromptCreate:
			r.Prompts = append(r.Prompts, prompt)
		default:
			return &Refusal{InvalidRequest, "prompt has an unknown value."}
		}
	}
	if r.Asks(PromptNone) && len(r.Prompts) > 1 {
		return &Refusal{InvalidRequest, "prompt=none stands alone."}
	}
	if text := p.Get("max_age"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return &Refusal{InvalidRequest, "max_age is not a number of seconds."}
		}
		r.MaxAge = time.Duration(seconds) * time.Second
	}
	// There is one class. acr_values are wishes, so that others are ignored (OpenID Connect Core, section 3.1.2.1).
	r.MultiFactor = slices.Contains(strings.Fields(p.Get("acr_values")), verify.ACRMultiFactor)
	return nil
}
