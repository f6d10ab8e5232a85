package bearer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ProblemType is the media type of a Refusal's body (RFC 9457).
const ProblemType = "application/problem+json"

// RetryAfter is when to try again after a store did not answer.
const RetryAfter = time.Second

// Code names a kind of refusal in the body. Clients may branch on it.
type Code string

// The closed set of codes, the same as auth-api's.
const (
	MissingToken      Code = "missing_token"
	MalformedRequest  Code = "malformed_request"
	InvalidToken      Code = "invalid_token"
	InsufficientScope Code = "insufficient_scope"
	// InsufficientUserAuthentication asks for a new sign-in (RFC 9470).
	InsufficientUserAuthentication Code = "insufficient_user_authentication"
	StoreUnavailable               Code = "store_unavailable"
)

// Codes lists all codes.
func Codes() []Code {
	return []Code{MissingToken, MalformedRequest, InvalidToken, InsufficientScope, InsufficientUserAuthentication, StoreUnavailable}
}

// Status is the HTTP status of a refusal with this code; 0 for an unknown code.
func (c Code) Status() int {
	switch c {
	case MissingToken, InvalidToken, InsufficientUserAuthentication:
		return http.StatusUnauthorized
	case InsufficientScope:
		return http.StatusForbidden
	case MalformedRequest:
		return http.StatusBadRequest
	case StoreUnavailable:
		return http.StatusServiceUnavailable
	default:
		return 0
	}
}

// Refusal is why a request is refused, and the response to it. It holds no part of a
// token.
type Refusal struct {
	// Status is the HTTP status.
	Status int
	Code   Code
	// Detail tells the caller what is wrong and what to do.
	Detail string
	// Challenge is the value of WWW-Authenticate (RFC 6750, section 3); empty if another
	// token would not help.
	Challenge string
	// Retry is the value of Retry-After; 0 if a retry would not help.
	Retry time.Duration

	cause error
}

func (g *Guard) missing(inURL bool, scopes []string) *Refusal {
	detail := "Send an access token, as Authorization: Bearer TOKEN."
	if inURL {
		detail = "An access token in the URL is not read. Send it in a header, as Authorization: Bearer TOKEN."
	}
	// There is no error code, because no token was sent (RFC 6750, section 3.1).
	return &Refusal{Status: MissingToken.Status(), Code: MissingToken, Detail: detail, Challenge: g.challenge("", g.wayTo(scopes)...)}
}

func (g *Guard) malformed(detail string) *Refusal {
	return &Refusal{Status: MalformedRequest.Status(), Code: MalformedRequest, Detail: detail, Challenge: g.challenge("invalid_request")}
}

func (g *Guard) invalid(cause error, scopes []string) *Refusal {
	return &Refusal{Status: InvalidToken.Status(), Code: InvalidToken, Detail: "The access token is malformed, expired or revoked. Sign in again.",
		Challenge: g.challenge("invalid_token", g.wayTo(scopes)...), cause: cause}
}

func (g *Guard) insufficient(detail string, scopes []string) *Refusal {
	return &Refusal{Status: InsufficientScope.Status(), Code: InsufficientScope, Detail: detail, Challenge: g.challenge("insufficient_scope", scopes...)}
}

func unavailable(cause error) *Refusal {
	return &Refusal{Status: StoreUnavailable.Status(), Code: StoreUnavailable, Detail: "A store that this needs does not answer. Try again shortly.",
		Retry: RetryAfter, cause: cause}
}

func (g *Guard) challenge(code string, scopes ...string) string {
	out := fmt.Sprintf("Bearer realm=%q", g.o.Realm)
	if code != "" {
		out += fmt.Sprintf(", error=%q", code)
	}
	if len(scopes) > 0 {
		out += fmt.Sprintf(", scope=%q", strings.Join(scopes, " "))
	}
	if g.o.Resource != nil {
		out += fmt.Sprintf(", resource_metadata=%q", g.o.Resource.MetadataURL())
	}
	return out
}

// wayTo returns the scopes if the client is told where to get them.
func (g *Guard) wayTo(scopes []string) []string {
	if g.o.Resource == nil {
		return nil
	}
	return scopes
}

// Error is for the log.
func (r *Refusal) Error() string {
	if r.cause != nil {
		return fmt.Sprintf("%s: %v", r.Code, r.cause)
	}
	return fmt.Sprintf("%s: %s", r.Code, r.Detail)
}

// Unwrap returns the cause, if there is one.
func (r *Refusal) Unwrap() error { return r.cause }

// Header returns the header fields of the response.
func (r *Refusal) Header() http.Header {
	h := http.Header{}
	h.Set("Content-Type", ProblemType)
	h.Set("Cache-Control", "no-store")
	if r.Challenge != "" {
		h.Set("WWW-Authenticate", r.Challenge)
	}
	if r.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int((r.Retry+time.Second-1)/time.Second)))
	}
	return h
}

// Body returns the body of the response (RFC 9457). It is not called MarshalJSON, so that
// a JSON log shows Error instead.
func (r *Refusal) Body() []byte {
	body, _ := json.Marshal(struct { // strings and a number: it cannot fail
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   Code   `json:"code"`
		Detail string `json:"detail"`
	}{http.StatusText(r.Status), r.Status, r.Code, r.Detail})
	return body
}
