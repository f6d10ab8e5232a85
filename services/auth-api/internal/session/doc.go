// Package session holds sign-ins as a person sees them: one authorization each, with
// the device and the address from which it was made. What makes its token live and
// dead is package authorization's.
package session
