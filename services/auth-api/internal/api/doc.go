// Package api holds what other services offer: an API (an OAuth resource server)
// has an audience, by which tokens name it, scopes, and roles that bundle
// them. Accounts are granted roles.
//
// A scope belongs to one API: a token carries its scopes in one list, and what
// one API takes away must not live on as another's.
//
// What is taken away is gone from live tokens when the call returns; see
// session.Regrant.
package api
