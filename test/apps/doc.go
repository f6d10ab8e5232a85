// Package apps tries the configurations of docs/apps.md with the apps themselves, which nobody
// here wrote: oauth2-proxy, and the part of Kubernetes' API server that authenticates people. It
// builds them, which takes minutes, so `make apps` runs it and `make test` does not.
package apps
