package development

import "strings"

// Contexts are the kubectl contexts that development may change, as shell patterns: those of Minikube, of a cluster of
// one node, of Docker Desktop, and of kind. The Tiltfile and scripts/deploy, which cannot import this list, repeat it;
// a test holds that they are equal.
func Contexts() []string { return []string{"minikube", "one-node", "docker-desktop", "kind-?*"} }

// IsContext says whether a kubectl context is for development.
func IsContext(name string) bool {
	for _, pattern := range Contexts() {
		prefix, open := strings.CutSuffix(pattern, "?*")
		if name == pattern && !open || open && strings.HasPrefix(name, prefix) && len(name) > len(prefix) {
			return true
		}
	}
	return false
}
