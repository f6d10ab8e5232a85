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
	// RemoteTimeout is how long Remote waits for an answer, if nothing else is set.
	RemoteTimeout = time.Second
	// remoteConns are kept open: net/http's own two are too few for an API under load.
	remoteConns = 64
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 16 << 10

	introspectPath = "/oauth/introspect"
)

// RemoteOptions say whom Remote asks and as which client. All but the last three
// are needed.
type RemoteOptions struct {
	// URL is that of auth-api, such as https://auth.books.test.
	URL string
	// ClientID and ClientSecret are what `auth-api client create` prints.
	ClientID, ClientSecret string
	// Timeout bounds a call; default RemoteTimeout.
	Timeout time.Duration
	// HTTPClient, if set, is used instead of one of its own. Redirects are not
	// followed in any case: they would carry the credentials elsewhere.
	HTTPClient *http.Client
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Remote verifies by asking auth-api (RFC 7662), for services that are not given
// Redis. It keeps nothing: each call asks, so a revoked token is refused at once.
//
// A token for another API is as dead to it: auth-api does not tell them apart.
// It learns of a token what its client's API may know: Audiences has this API
// alone, Scopes are this API's, both ends are the earlier one, Hash is zero.
type Remote struct {
	endpoint, authorization string
	client                  *http.Client
	timeout                 time.Duration
	now                     func() time.Time
}

// NewRemote makes a verifier. It does not connect; Ping does. The error does not
// hold the secret.
func NewRemote(o RemoteOptions) (*Remote, error) {
	base, err := url.Parse(o.URL)
	if err != nil || (base.Scheme != "https" && base.Scheme != "http") || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("the URL of auth-api cannot be read: write https://auth.books.test, without user and parameters")
	}
	if o.ClientID == "" || o.ClientSecret == "" {
		return nil, errors.New("the client's id and secret are needed: auth-api client create prints them")
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

// Verify tells for whom the token stands. Errors: ErrInvalidToken (it is not alive, or
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

// Ping asks whether auth-api answers and takes the client's credentials.
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
	// Asking twice is harmless: net/http may try again on another connection when
	// auth-api closed an idle one. Without values the header is not sent.
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
