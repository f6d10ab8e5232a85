// Package forward names the headers in which auth-api's GET /verify tells a proxy for
// whom the token stands, and all spellings of them that a proxy must delete from requests
// of clients.
//
//	Remote-User           id of the account (UUID); never changes
//	Remote-Email          its address
//	Remote-Emailverified  true if the address was proved to be the person's, or false
//	Remote-Name           how the person wants to be called; may be empty
//	Remote-Scope          scopes of the token, separated by spaces
//	Remote-Session        public id of the session (UUID)
//
// Every response that lets a request through has all six. A header without a value is
// empty, so that a proxy replaces the one that the client sent.
//
// Most names are those of Authelia, which backends behind nginx, Traefik and Caddy already
// know. Each has a single separator, so that there are few spellings and a proxy can be
// configured with all of them.
//
// Values are printable ASCII. Every other byte, and the percent sign itself, is
// percent-encoded (RFC 3986, section 2.1); url.PathUnescape or decodeURIComponent decodes
// it.
package forward
