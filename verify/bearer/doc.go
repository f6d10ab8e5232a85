// Package bearer lets requests through that carry a live access token for one
// API, and answers the others as RFC 6750, section 3, says. Guard.Check is the
// one place where that is decided; Guard.Require is it for net/http, package
// fiberbearer for Fiber.
//
//	no token                              401, no error code     get one
//	malformed, expired or revoked         401 invalid_token      throw it away, sign in again
//	of another API, or without a scope    403 insufficient_scope keep it, ask for more
//	signed in too long ago (Guard.Recent) 401 insufficient_user_authentication: sign in again
//	two tokens, a malformed header        400 invalid_request    mend the caller
//	it cannot be found out                503, Retry-After       keep it, try again
//
// A token for another API is alive. Were it answered as invalid_token, which RFC
// 9068, section 4, asks for where the token is a JWT, clients would throw it
// away, sign in again and get the same; so it is insufficient_scope, whose scope
// attribute says what to ask for.
//
// Tokens are read from the header only. In a URL they would end up in logs and
// histories (RFC 9700, section 4.3.2); bodies are left to handlers.
package bearer
