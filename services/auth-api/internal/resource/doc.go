// Package resource has the APIs that rely on this service (OAuth resource servers). An API
// has an audience, by which tokens name it, scopes, and roles that bundle scopes. Subjects
// are assigned roles.
//
// A scope belongs to exactly one API. A token has one list of scopes, so a scope of two APIs
// would remain valid when only one of them stopped offering it.
//
// When a call returns, scopes that it took away are removed from live tokens, see
// authorization.Service.ChangeRoles. If they are given again, tokens that were issued with
// them have them again; other tokens get them at the next sign-in.
package resource
