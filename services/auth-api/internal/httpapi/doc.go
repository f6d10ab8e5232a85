// Package httpapi is the server and its middleware. Only this package and those below
// it know HTTP and Fiber: they turn requests into calls of the domain packages, and
// faults into answers. Package route has all paths; package problem maps every fault
// to its answer.
//
// Errors are problem details (RFC 9457), except under /oauth, where they have OAuth's
// form (RFC 6749, section 5.2). No answer and no log line repeats a part of a request
// that may hold a password or a token.
//
// Each request has exactly one reading, so that a gateway or a firewall in front sees
// what the service sees. What could be read in two ways is refused: framing in package
// connection, paths in path.go, media types in package request, queries in package
// rest, JSON in package strictjson, forms in package oauth, the client's address in
// forwarded.go.
package httpapi
