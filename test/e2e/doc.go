// Package e2e runs the platform on a real cluster: whatever the current context
// of kubectl names, if that is for development. It is behind the build tag e2e;
// `make e2e` runs it. The tests run in the order of the files: deploy
// first.
package e2e
