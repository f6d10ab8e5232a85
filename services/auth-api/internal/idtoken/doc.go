// Package idtoken signs ID tokens (OpenID Connect Core, section 2) and publishes the keys
// that check them. Access tokens are not signed: they end when they are ended, and an ID
// token only says who signed in when.
//
// JOSE is the work of github.com/go-jose/go-jose: dex, Kubernetes and most Go clients of
// OpenID Connect use it, and it has been kept up since 2014.
package idtoken
