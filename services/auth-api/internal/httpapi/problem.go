package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/bearer"
)

const (
	problemType = bearer.ProblemType
	realm       = "auth.books.test"
)

// statusOf is the one place that maps codes to HTTP; those of tokens come from
// package bearer with their status.
func statusOf(code fault.Code) int {
	switch code {
	case fault.MalformedRequest:
		return http.StatusBadRequest
	case fault.UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case fault.BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.RouteNotFound, fault.SessionNotFound, fault.AccountNotFound, fault.APINotFound, fault.RoleNotFound, fault.ClientNotFound:
		return http.StatusNotFound
	case fault.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case fault.AlreadyExists:
		return http.StatusConflict
	case fault.ValidationFailed, fault.InvalidScope:
		return http.StatusUnprocessableEntity
	case fault.InvalidCredentials, fault.InvalidClient:
		return http.StatusUnauthorized
	case fault.WrongPassword, fault.AccountDisabled:
		return http.StatusForbidden
	case fault.Busy, fault.StoreUnavailable, fault.ChangeUnderWay:
		return http.StatusServiceUnavailable
	default:
		return cmp.Or(statusOfWire(code), bearer.Code(code).Status(), http.StatusInternalServerError)
	}
}

// Problem is the body of an error (RFC 9457).
type Problem struct {
	Title  string         `json:"title" doc:"The name of the status"`
	Status int            `json:"status"`
	Code   fault.Code     `json:"code" doc:"What went wrong. Branch on this"`
	Detail string         `json:"detail" doc:"What is wrong and what to do"`
	Errors []ProblemField `json:"errors,omitempty" doc:"Which parts of the request are wrong"`

	header http.Header
	cause  error
}

// ProblemField says what is wrong with one part of the request.
type ProblemField struct {
	Location string `json:"location" example:"body.password" doc:"Where it stands"`
	Reason   string `json:"reason" example:"too_short" doc:"What is wrong with it"`
	Detail   string `json:"detail" doc:"What to do"`
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
	var r *bearer.Refusal
	if errors.As(err, &r) {
		return &Problem{Title: http.StatusText(r.Status), Status: r.Status, Code: fault.Code(r.Code), Detail: r.Detail, header: r.Header(), cause: err}
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
	if statusOf(f.Code) == http.StatusServiceUnavailable {
		wait := max(f.RetryAfter, storeRetry)
		h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	return h
}
