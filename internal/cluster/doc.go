// Package cluster knows the environments of the repository, which are overlays
// with sealed secrets of their own, and talks by kubectl to the cluster that one is
// applied to. It says what keeps it from that cluster before anything else asks.
package cluster
