// Package httpapi is the only package that knows HTTP and Fiber. It turns
// requests into calls of the domain packages and their faults into answers, in
// one place (problem.go); all routes stand in routes.go.
//
// Errors are problem details (RFC 9457), but under /oauth, where they have OAuth's
// form (RFC 6749, section 5.2). No answer and no log line repeats what a caller
// sent where a password or a token could be.
//
// A request is read in one way only, so that a gateway or a firewall before the
// service sees what the service sees: paths in path.go, media types and queries in
// media.go, JSON in strictjson.go, forms in form.go, the caller's address in
// forwarded.go.
package httpapi
