// Package oauth is the authorization server without HTTP: what an app asks for, whether a
// person has to sign in or to be asked first, codes, and what they are exchanged for. It
// follows RFC 6749 as RFC 9700 narrows it, with PKCE (RFC 7636), resource indicators (RFC
// 8707) and OpenID Connect Core.
//
// An authorization request that nobody has answered yet is stored nowhere: it is sealed
// under a key of the service ring, and travels through the browser to which it is bound. So
// strangers cannot fill a table, a reload and a slow sign-in do no harm, and two tabs do not
// know each other. The first row is written when a person has let the app in: the code, of
// which there is one for each request however often its form is sent.
//
// By file: params.go reads and checks a request, target.go finds its APIs, hint.go reads whom the
// app means, push.go keeps one that a client has pushed, seal.go seals it, next.go decides what
// comes next, code.go makes and spends codes, exchange.go issues tokens, openid.go says who has
// signed in, allowed.go lists what a person has let in.
package oauth
