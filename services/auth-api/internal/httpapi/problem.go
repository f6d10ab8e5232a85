package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
)

const (
	problemType = "application/problem+json"
	realm       = "auth.books.test"
)

// statusOf is the one place that maps codes to HTTP.
func statusOf(code fault.Code) int {
	switch code {
	case fault.MalformedRequest:
		return http.StatusBadRequest
	case fault.UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case fault.BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.RouteNotFound, fault.SessionNotFound, fault.AccountNotFound:
		return http.StatusNotFound
	case fault.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case fault.ValidationFailed, fault.InvalidScope:
		return http.StatusUnprocessableEntity
	case fault.InvalidCredentials, fault.MissingToken, fault.InvalidToken:
		return http.StatusUnauthorized
	case fault.WrongPassword, fault.AccountDisabled, fault.InsufficientScope:
		return http.StatusForbidden
	case fault.Busy, fault.StoreUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// Problem is the body of an error (RFC 9457).
type Problem struct {
	Title  string         `json:"title" doc:"The name of the status"`
	Status int            `json:"status"`
	Code   fault.Code     `json:"code" doc:"What went wrong; one of a closed list, see the description of this API"`
	Detail string         `json:"detail" doc:"What is wrong and what to do"`
	Errors []ProblemField `json:"errors,omitempty" doc:"Which parts of the request are wrong"`

	header http.Header
	cause  error
}

// ProblemField says what is wrong with one part of the request.
type ProblemField struct {
	Location string `json:"location" example:"body.password"`
	Reason   string `json:"reason" example:"too_short"`
	Detail   string `json:"detail"`
}

// Error is for the log.
func (p *Problem) Error() string {
	if p.cause != nil {
		return p.cause.Error()
	}
	return string(p.Code)
}

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are sent with the problem.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType is that of problem details.
func (p *Problem) ContentType(string) string { return problemType }

// storeRetry is when to try again after a store did not answer.
const storeRetry = time.Second

// problemOf is the answer to an error of the domain.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.New(fault.Internal, "Something went wrong here. Try again; if it stays, tell the operator the X-Request-Id of this answer.")
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			f = fault.Unavailable(err)
		}
	}
	status := statusOf(f.Code)
	p = &Problem{Title: http.StatusText(status), Status: status, Code: f.Code, Detail: f.Detail, header: headersOf(f), cause: err}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, ProblemField(field))
	}
	return p
}

func headersOf(f *fault.Error) http.Header {
	h := http.Header{}
	switch f.Code {
	case fault.MissingToken:
		// Without an error code, as no token was given (RFC 6750, section 3.1).
		h.Set("WWW-Authenticate", fmt.Sprintf("Bearer realm=%q", realm))
	case fault.InvalidToken:
		h.Set("WWW-Authenticate", fmt.Sprintf("Bearer realm=%q, error=%q", realm, f.Code))
	case fault.InsufficientScope:
		h.Set("WWW-Authenticate", fmt.Sprintf("Bearer realm=%q, error=%q, scope=%q", realm, f.Code, f.Scope))
	case fault.Busy, fault.StoreUnavailable:
		wait := max(f.RetryAfter, storeRetry)
		h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	return h
}
