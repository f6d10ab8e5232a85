// Package graceful limits the connections of a server, and stops it without resetting
// connections that clients still use.
//
// A server stops in this order: readiness fails, and every response says
// `Connection: close` (RFC 9112, section 9.6); after a delay, [Listener.Stop] stops
// accepting connections; [Listener.Wait] gives the open ones some time to end with a
// response; then the server closes those that are idle.
package graceful
