// Package environment makes a new environment beside those that the repository has: an
// overlay, and secrets that are sealed for a key of its own.
package environment
