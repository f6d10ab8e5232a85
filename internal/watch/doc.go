// Package watch rebuilds a program when its source changes, and restarts it. If the build
// fails, the running program goes on.
package watch
