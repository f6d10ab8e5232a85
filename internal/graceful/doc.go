// Package graceful bounds the connections of a server, and stops it without
// resetting one that a client still uses.
//
// A server stops in this order: readiness fails and every answer says
// `Connection: close` (RFC 9112, section 9.6); after a delay, [Listener.Stop] takes
// no new connections; [Listener.Wait] leaves the others some time to end by an
// answer; then the server closes those that are idle.
package graceful
