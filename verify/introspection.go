package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
)

// introspection is a response as RFC 7662, section 2.2, defines it.
type introspection struct {
	Active   *bool     `json:"active"`
	Scope    string    `json:"scope"`
	Username string    `json:"username"`
	Name     string    `json:"name"`
	Verified bool      `json:"email_verified"`
	Expires  int64     `json:"exp"`
	IssuedAt int64     `json:"iat"`
	Subject  string    `json:"sub"`
	Audience audiences `json:"aud"`
	Session  string    `json:"sid"`
	Client   string    `json:"client_id"`
	// AuthTime is defined in RFC 9470, section 6.2, AuthMethods in RFC 8176.
	AuthTime    int64    `json:"auth_time"`
	AuthMethods []string `json:"amr"`
}

// audiences is a string or an array of strings (RFC 7519, section 4.1.3).
type audiences []string

// UnmarshalJSON accepts both forms.
func (a *audiences) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audiences{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

var errAnswer = errors.New("the response is not an introspection response (RFC 7662)")

// parseIntrospection accepts only a complete introspection response. Any other response
// says nothing about the token.
func parseIntrospection(r *http.Response, body []byte) (introspection, error) {
	switch {
	case r.StatusCode == http.StatusUnauthorized:
		return introspection{}, errors.New("auth-api refuses the client's credentials (401)")
	case r.StatusCode != http.StatusOK:
		return introspection{}, fmt.Errorf("auth-api answered %d", r.StatusCode)
	case len(body) > maxAnswer:
		return introspection{}, fmt.Errorf("%w: it is larger than %d bytes", errAnswer, maxAnswer)
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return introspection{}, fmt.Errorf("%w: it is not JSON", errAnswer)
	}
	var out introspection
	// The error of Unmarshal is dropped: it could repeat personal data of the response.
	if json.Unmarshal(body, &out) != nil || out.Active == nil {
		return introspection{}, errAnswer
	}
	return out, nil
}

// principal converts the response about a live token. A token with a username belongs to
// a person. One without belongs to a client, which is then the subject.
func (i introspection) principal() (*Principal, error) {
	if i.Subject == "" || i.Session == "" || len(i.Audience) == 0 || i.Expires <= 0 || i.Username == "" && i.Client != i.Subject {
		return nil, fmt.Errorf("%w: sub, sid, aud, exp, or both username and client_id are missing", errAnswer)
	}
	ends := time.Unix(i.Expires, 0).UTC()
	p := &Principal{
		Kind: KindAccount, Subject: i.Subject, Client: i.Client, Account: Account{Email: i.Username, EmailVerified: i.Verified && i.Username != "", Name: i.Name}, Authorization: i.Session,
		Audiences: i.Audience, Scopes: strings.Fields(i.Scope), IssuedAt: time.Unix(i.IssuedAt, 0).UTC(), ExpiresAt: ends, IdleExpiresAt: ends,
	}
	if i.Username == "" {
		p.Kind = KindClient
	}
	if i.AuthTime > 0 {
		p.AuthenticatedAt, p.AuthenticatedBy = time.Unix(i.AuthTime, 0).UTC(), i.AuthMethods
	}
	return p, nil
}
