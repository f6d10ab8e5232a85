// Package watch builds a program again when its source changes, and restarts
// it. A build that fails leaves the running program alone.
package watch
