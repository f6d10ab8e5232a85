package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"auth.books.test/verify/token"
)

const (
	// RemoteTimeout is the default of RemoteOptions.Timeout.
	RemoteTimeout = time.Second
	// remoteConns is how many idle connections are kept open. net/http's default of two
	// is too few for an API under load.
	remoteConns = 64
	// maxAnswer is the largest response that is accepted, in bytes.
	maxAnswer = 16 << 10

	introspectPath = "/oauth/introspect"
)

// RemoteOptions are the address of auth-api and the client's credentials. All but the
// last three are required.
type RemoteOptions struct {
	// URL is the base URL of auth-api, such as https://auth.books.test.
	URL string
	// ClientID and ClientSecret are what `auth-api client create` prints.
	ClientID, ClientSecret string
	// Timeout limits each call; default RemoteTimeout.
	Timeout time.Duration
	// HTTPClient, if set, replaces the default client. Redirects are never followed,
	// because that would send the credentials to another server.
	HTTPClient *http.Client
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Remote verifies by asking auth-api (RFC 7662), for services without access to Redis.
// It caches nothing: every call asks, so a revoked token is refused at once.
//
// auth-api answers for the API of the client. A token for another API is
// ErrInvalidToken, as if it were dead. Of the Principal, Audiences and Scopes have only
// those of this API, ExpiresAt and IdleExpiresAt are both the earlier one, and Hash is
// zero.
type Remote struct {
	endpoint, authorization string
	client                  *http.Client
	timeout                 time.Duration
	now                     func() time.Time
}

// NewRemote makes a verifier. It does not connect; Ping does. The error never holds the
// secret.
func NewRemote(o RemoteOptions) (*Remote, error) {
	base, err := url.Parse(o.URL)
	if err != nil || (base.Scheme != "https" && base.Scheme != "http") || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("the URL of auth-api is malformed: write it like https://auth.books.test, without user and parameters")
	}
	if o.ClientID == "" || o.ClientSecret == "" {
		return nil, errors.New("the client's id or secret is missing: `auth-api client create` prints both")
	}
	r := &Remote{endpoint: base.JoinPath(introspectPath).String(), client: newHTTPClient(o.HTTPClient), timeout: o.Timeout, now: o.Now}
	if r.timeout == 0 {
		r.timeout = RemoteTimeout
	}
	if r.now == nil {
		r.now = time.Now
	}
	// Both are form-encoded before they are joined (RFC 6749, section 2.3.1).
	header := http.Request{Header: http.Header{}}
	header.SetBasicAuth(url.QueryEscape(o.ClientID), url.QueryEscape(o.ClientSecret))
	r.authorization = header.Header.Get("Authorization")
	return r, nil
}

func newHTTPClient(given *http.Client) *http.Client {
	c := http.Client{}
	if given != nil {
		c = *given
	} else if t, ok := http.DefaultTransport.(*http.Transport); ok {
		own := t.Clone()
		own.MaxIdleConnsPerHost = remoteConns
		c.Transport = own
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// Verify returns the principal of the token. Errors: ErrInvalidToken (it is not alive, or
// not for the client's API), ErrUnavailable.
func (r *Remote) Verify(ctx context.Context, accessToken string) (*Principal, error) {
	if _, err := token.Parse(accessToken); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	answer, err := r.ask(ctx, accessToken)
	if err != nil {
		return nil, fmt.Errorf("%w: introspect a token: %w", ErrUnavailable, err)
	}
	if !*answer.Active {
		return nil, ErrInvalidToken
	}
	principal, err := answer.principal()
	if err != nil {
		return nil, fmt.Errorf("%w: introspect a token: %w", ErrUnavailable, err)
	}
	if !r.now().Before(principal.EndsAt()) {
		return nil, ErrInvalidToken
	}
	return principal, nil
}

// Ping checks that auth-api answers and accepts the client's credentials.
func (r *Remote) Ping(ctx context.Context) error {
	if _, err := r.ask(ctx, "ping"); err != nil {
		return fmt.Errorf("ask auth-api: %w", err)
	}
	return nil
}

func (r *Remote) ask(ctx context.Context, accessToken string) (introspection, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.endpoint, strings.NewReader(url.Values{"token": {accessToken}}.Encode()))
	if err != nil {
		return introspection{}, err
	}
	request.Header.Set("Authorization", r.authorization)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	// The header marks the POST as safe to repeat, so that net/http retries it on another
	// connection when auth-api has closed an idle one. A nil value is not sent.
	request.Header["Idempotency-Key"] = nil
	response, err := r.client.Do(request)
	if err != nil {
		return introspection{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return introspection{}, fmt.Errorf("read the answer: %w", err)
	}
	return parseIntrospection(response, body)
}
