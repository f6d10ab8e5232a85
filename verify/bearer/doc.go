// Package bearer lets requests through that carry a live access token for one API, and
// answers other requests as RFC 6750, section 3, defines. Guard.Check decides;
// Guard.Require is the middleware for net/http, package fiberbearer the one for Fiber.
//
//	no token                              401, no error code     get one
//	malformed, expired or revoked         401 invalid_token      discard it, sign in again
//	for another API, or without a scope   403 insufficient_scope keep it, ask for more
//	signed in too long ago, or with a
//	password alone (StepUp)               401 insufficient_user_authentication: sign in again
//	two tokens, a malformed header        400 invalid_request    fix the client
//	a store does not answer               503, Retry-After       keep it, try again
//
// A token for another API is alive. With invalid_token, which RFC 9068, section 4,
// demands for JWTs, clients would discard it, sign in again and get the same answer. So
// the answer is insufficient_scope, whose scope attribute says what to ask for.
//
// Tokens are read from the header only. In a URL they would end up in logs and browser
// histories (RFC 9700, section 4.3.2). Bodies are left to the handlers.
package bearer
