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

// RetryAfter is when to try again after it could not be found out whether a
// token is alive.
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

// Codes are all of them.
func Codes() []Code {
	return []Code{MissingToken, MalformedRequest, InvalidToken, InsufficientScope, InsufficientUserAuthentication, StoreUnavailable}
}

// Status is the HTTP status of a refusal with this code; 0 if it is not one of Codes.
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

// Refusal says why a request is not let through, and is the answer to it. It
// holds no part of a token.
type Refusal struct {
	// Status is the HTTP status.
	Status int
	Code   Code
	// Detail is a sentence for the caller: what is wrong and what to do.
	Detail string
	// Challenge is the value of WWW-Authenticate (RFC 6750, section 3); empty where
	// another token would not help.
	Challenge string
	// Retry is when to try again; 0 if that would not help.
	Retry time.Duration

	cause error
}

func (g *Guard) missing(inURL bool) *Refusal {
	detail := "Send an access token, as Authorization: Bearer TOKEN."
	if inURL {
		detail = "An access token in the URL is not read. Send it in a header, as Authorization: Bearer TOKEN."
	}
	// Without an error code, as no token was given (RFC 6750, section 3.1).
	return &Refusal{Status: MissingToken.Status(), Code: MissingToken, Detail: detail, Challenge: g.challenge("")}
}

func (g *Guard) malformed(detail string) *Refusal {
	return &Refusal{Status: MalformedRequest.Status(), Code: MalformedRequest, Detail: detail, Challenge: g.challenge("invalid_request")}
}

func (g *Guard) invalid(cause error) *Refusal {
	return &Refusal{Status: InvalidToken.Status(), Code: InvalidToken, Detail: "The access token is malformed, expired or revoked. Sign in again.",
		Challenge: g.challenge("invalid_token"), cause: cause}
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
	return out
}

// Error is for the log.
func (r *Refusal) Error() string {
	if r.cause != nil {
		return fmt.Sprintf("%s: %v", r.Code, r.cause)
	}
	return fmt.Sprintf("%s: %s", r.Code, r.Detail)
}

// Unwrap gives the cause, if there is one.
func (r *Refusal) Unwrap() error { return r.cause }

// Header is what goes with Body.
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

// Body is the problem (RFC 9457). It is not MarshalJSON: a log that writes JSON is
// to have Error.
func (r *Refusal) Body() []byte {
	body, _ := json.Marshal(struct { // strings and a number: it cannot fail
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   Code   `json:"code"`
		Detail string `json:"detail"`
	}{http.StatusText(r.Status), r.Status, r.Code, r.Detail})
	return body
}
