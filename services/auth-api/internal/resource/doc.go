// Package resource holds the services that rely on this one: an API (an OAuth resource
// server) has an audience, by which tokens name it, scopes, and roles that bundle them.
// Subjects are assigned roles.
//
// A scope belongs to one API: a token carries its scopes in one list, and what one API
// takes away must not live on as another's.
//
// What is taken away is gone from live tokens when the call returns; see
// authorization.Service.ChangeRoles. If it is given again, tokens that had it have it
// again; a scope that a token never had comes with the next sign-in.
package resource
