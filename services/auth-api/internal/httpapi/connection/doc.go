// Package connection is what happens on a connection below the routes: its timeouts, whether
// its client is gone, and whether it is certain where a request ends.
package connection
