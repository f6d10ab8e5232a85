// Package connection handles connections below the routes: timeouts, clients that have
// gone, and framing, that is, where a request ends.
package connection
