// Package session has sign-ins as a person sees them: each is one authorization, with the
// device and the address of the sign-in. Package authorization decides whether its token
// is alive.
package session
