// Package forward names the headers in which auth-api's GET /verify tells a
// proxy who asks, and every other spelling of them that a proxy must delete from
// what clients send.
//
//	Remote-User     id of the account (UUID); never changes
//	Remote-Email    its address
//	Remote-Name     what the person wants to be called; may be empty
//	Remote-Scope    what the token allows, with spaces
//	Remote-Session  public id of the session (UUID)
//
// All five are in every answer that lets a request through. One that has nothing
// to tell is empty, so that a proxy replaces what the client sent in its place.
//
// The names are those of Authelia, which backends behind nginx, Traefik and Caddy
// know already. Each has one separator: so there are few ways to spell it, and
// a proxy can be told them all.
//
// Values are printable ASCII. Every other byte, and the percent sign itself, is
// percent-encoded (RFC 3986, section 2.1); url.PathUnescape or decodeURIComponent
// gives the value back.
package forward
