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

// introspection is an answer of RFC 7662, section 2.2.
type introspection struct {
	Active   *bool     `json:"active"`
	Scope    string    `json:"scope"`
	Username string    `json:"username"`
	Name     string    `json:"name"`
	Expires  int64     `json:"exp"`
	IssuedAt int64     `json:"iat"`
	Subject  string    `json:"sub"`
	Audience audiences `json:"aud"`
	Session  string    `json:"sid"`
	Client   string    `json:"client_id"`
	// AuthTime is of RFC 9470, section 6.2; AuthMethods of RFC 8176.
	AuthTime    int64    `json:"auth_time"`
	AuthMethods []string `json:"amr"`
}

// audiences are one or several (RFC 7519, section 4.1.3).
type audiences []string

// UnmarshalJSON takes both forms.
func (a *audiences) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audiences{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

var errAnswer = errors.New("the answer is not one of RFC 7662")

// parseIntrospection takes only what is surely an answer: whatever else comes
// says nothing of the token.
func parseIntrospection(r *http.Response, body []byte) (introspection, error) {
	switch {
	case r.StatusCode == http.StatusUnauthorized:
		return introspection{}, errors.New("auth-api does not take the client's credentials (401)")
	case r.StatusCode != http.StatusOK:
		return introspection{}, fmt.Errorf("auth-api answered %d", r.StatusCode)
	case len(body) > maxAnswer:
		return introspection{}, fmt.Errorf("%w: it is larger than %d bytes", errAnswer, maxAnswer)
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return introspection{}, fmt.Errorf("%w: it is not JSON", errAnswer)
	}
	var out introspection
	// The error could repeat the answer, which is about a person.
	if json.Unmarshal(body, &out) != nil || out.Active == nil {
		return introspection{}, errAnswer
	}
	return out, nil
}

// principal reads an answer about a live token: one with a username is a person's,
// one without is a client's own, and then the subject is the client.
func (i introspection) principal() (*Principal, error) {
	if i.Subject == "" || i.Session == "" || len(i.Audience) == 0 || i.Expires <= 0 || i.Username == "" && i.Client != i.Subject {
		return nil, fmt.Errorf("%w: it lacks sub, sid, username or client_id, aud or exp", errAnswer)
	}
	ends := time.Unix(i.Expires, 0).UTC()
	p := &Principal{
		Kind: KindAccount, Subject: i.Subject, Client: i.Client, Account: Account{Email: i.Username, Name: i.Name}, Authorization: i.Session,
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
