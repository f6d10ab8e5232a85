// Package refresh defines the format of a refresh token and how its successor is drawn. It
// does no I/O.
//
//	brt_k1_3nYb…(81 base62 characters)
//	|   |  └ body: authorization (16 bytes), generation (4), secret (32), check (8)
//	|   └ key id: names the key of the service ring that made it
//	└ type
//
// Refresh tokens are not stored. A store holds a keyed hash of the newest generation, and of
// those that were refreshed within the grace window. The check is an HMAC over all before it, so that made-up tokens cost no I/O,
// and a token of any older generation is known to be real without a row of its own.
//
// The successor and its access token are drawn from the presented token, a nonce that is
// stored for as long, and a key of the service ring. So a client whose answer was
// lost gets the same tokens again, although nothing usable is stored: whoever draws them
// needs the presented token, the database and the key.
package refresh
