// Package clustertest gives tests a kubectl that answers from a list, and copies of
// the repository's manifests that they may break.
package clustertest
