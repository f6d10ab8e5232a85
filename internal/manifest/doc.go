// Package manifest renders overlays as kubectl does and reads them as typed
// objects, for tests and for people who want to see what would be applied.
package manifest
