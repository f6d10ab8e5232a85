package manifest_test

import (
	"path/filepath"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
)

// Components find services, and APIs that verify tokens themselves, by these labels.
const (
	serviceLabel  = "app.kubernetes.io/component"
	verifierLabel = "auth.books.test/verifier"
)

// ownServices are the services of this repository: each has a folder with a Dockerfile.
func ownServices() (names []string) {
	files, _ := filepath.Glob(filepath.Join(root, "services", "*", "Dockerfile")) // its only error is a bad pattern
	for _, file := range files {
		names = append(names, filepath.Base(filepath.Dir(file)))
	}
	return names
}

// verifiers are the names of the Deployments that verify tokens themselves.
func verifiers(s *manifest.Set) (names []string) {
	for _, d := range s.Deployments {
		if d.Labels[verifierLabel] == "true" {
			names = append(names, d.Name)
		}
	}
	return names
}

func serviceRules() []rule {
	return []rule{
		{name: "each service of the repository runs, and is labelled as one", check: func(s *manifest.Set) (found []string) {
			for _, name := range ownServices() {
				labelled := slices.ContainsFunc(s.Deployments, func(d *deployment) bool { return d.Name == name && d.Labels[serviceLabel] == "api" })
				for _, o := range s.Services {
					labelled = labelled && (o.Name != name || o.Labels[serviceLabel] == "api")
				}
				if !labelled {
					found = append(found, name)
				}
			}
			return found
		}, old: "app.kubernetes.io/component: api", new: "app.kubernetes.io/component: other"},
		{name: "what verifies tokens is labelled so, with its settings and its policy", check: func(s *manifest.Set) (found []string) {
			labelled := verifiers(s)
			// auth-api has the key as well, and issues tokens.
			for _, ref := range s.References() {
				if strings.HasPrefix(ref.Secret, credential.TokenKey) && ref.Workload != "auth-api" && !slices.Contains(labelled, ref.Workload) {
					found = append(found, "Deployment "+ref.Workload)
				}
			}
			for _, name := range labelled {
				if c := configMapOf(s, name); c == nil || c.Labels[verifierLabel] != "true" {
					found = append(found, "ConfigMap "+name)
				}
				if !slices.ContainsFunc(s.Policies, func(p *networkingv1.NetworkPolicy) bool { return p.Name == name && p.Labels[verifierLabel] == "true" }) {
					found = append(found, "NetworkPolicy "+name)
				}
			}
			return found
		}, old: "    " + verifierLabel + `: "true"` + "\n  name:", new: "  name:"},
	}
}
