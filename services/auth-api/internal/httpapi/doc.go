// Package httpapi is the only package that knows HTTP and Fiber. It turns
// requests into calls of the domain packages and their faults into answers, in
// one place (problem.go); all routes stand in routes.go.
//
// Errors are problem details (RFC 9457), but at /oauth/token, which has its own
// form (RFC 6749, section 5.2). No answer and no log line repeats what a caller
// sent where a password or a token could be.
package httpapi
