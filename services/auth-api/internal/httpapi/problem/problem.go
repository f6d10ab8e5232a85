package problem

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/bearer"
)

// MediaType is that of problem details.
const MediaType = bearer.ProblemType

// Problem is the body of an error (RFC 9457).
type Problem struct {
	Title  string     `json:"title" doc:"The name of the status"`
	Status int        `json:"status"`
	Code   fault.Code `json:"code" doc:"What went wrong. Branch on this"`
	Detail string     `json:"detail" doc:"What is wrong and what to do"`
	Errors []Field    `json:"errors,omitempty" doc:"Which parts of the request are wrong"`

	header http.Header
	cause  error
}

// Field says what is wrong with one part of the request.
type Field struct {
	Location string `json:"location" example:"body.password" doc:"Where it stands"`
	Reason   string `json:"reason" example:"too_short" doc:"What is wrong with it"`
	Detail   string `json:"detail" doc:"What to do"`
}

// Error is the cause, for the log, or else the code.
func (p *Problem) Error() string {
	if p.cause != nil {
		return p.cause.Error()
	}
	return string(p.Code)
}

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the headers that are sent with the problem.
func (p *Problem) GetHeaders() http.Header { return p.header }

// Cause is the error that led to the problem, for the log; nil if there is none.
func (p *Problem) Cause() error { return p.cause }

// ContentType is that of problem details.
func (p *Problem) ContentType(string) string { return MediaType }

// storeRetry is the least Retry-After: when to try again after a store did not answer.
const storeRetry = time.Second

// Of is the problem with which an error is answered.
func Of(err error) *Problem {
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
		f = fault.New(fault.Internal, "An unexpected error occurred. Try again; if it persists, tell the operator the X-Request-Id of this answer.")
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			f = fault.Unavailable(err)
		}
	}
	status := AnswerOf(f.Code).Status
	p = &Problem{Title: http.StatusText(status), Status: status, Code: f.Code, Detail: f.Detail, header: headersOf(f), cause: err}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, Field(field))
	}
	return p
}

// BodyTooLarge is the error of a body over the limit of its route.
func BodyTooLarge() error {
	return fault.New(fault.BodyTooLarge, "The body is larger than the limit of 4 KiB, or 8 KiB for a batch of tokens and for pages.")
}

// NotJSON is the error of a body whose media type is not JSON.
func NotJSON() error {
	return fault.New(fault.UnsupportedMediaType, "Send the body as JSON, with Content-Type: application/json.")
}

func headersOf(f *fault.Error) http.Header {
	h := http.Header{}
	switch AnswerOf(f.Code).Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		retry := seconds(max(f.RetryAfter, storeRetry))
		h.Set("Retry-After", strconv.Itoa(retry))
		if f.Limit != nil {
			// draft-ietf-httpapi-ratelimit-headers-11. Retry-After takes precedence, so both
			// say the same.
			h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", f.Limit.Name, f.Limit.Quota, seconds(f.Limit.Window)))
			h.Set("RateLimit", fmt.Sprintf("%q;r=0;t=%d", f.Limit.Name, retry))
		}
	}
	return h
}

// seconds rounds up: a client that comes back earlier would be refused again.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
