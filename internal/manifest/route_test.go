package manifest_test

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/manifest"
)

// routeRules are about how requests reach the services. Kustomize does not update names in
// kinds that it does not know, so these rules check them.
func routeRules() []rule {
	minikube, gke := []string{"minikube"}, []string{"gke"}
	return []rule{
		{name: "Ingresses lead to Services", on: minikube, check: ingresses, old: "service:\n            name: helloworld", new: "service:\n            name: hello"},
		{name: "routes lead from the Gateway to Services", on: gke, check: routes, old: "- backendRefs:\n    - name: helloworld", new: "- backendRefs:\n    - name: hello"},
		{name: "a Gateway serves HTTPS, with the certificates of its map", on: gke, check: func(s *manifest.Set) (found []string) {
			for _, o := range s.OfKind("Gateway") {
				listeners, _ := at(o.Content, "spec.listeners").([]any)
				for _, l := range listeners {
					// With a certificate map, a listener must have no certificates of its own.
					if l, _ := l.(map[string]any); l["protocol"] != "HTTPS" || l["tls"] != nil || o.Annotations["networking.gke.io/certmap"] == "" {
						found = append(found, o.Name)
					}
				}
			}
			return found
		}, old: "protocol: HTTPS", new: "protocol: HTTPS\n    tls: {mode: Terminate}"},
		{name: "what is scaled is there", on: gke, check: func(s *manifest.Set) (found []string) {
			for _, a := range s.Autoscalers {
				if !slices.ContainsFunc(s.Deployments, func(d *deployment) bool { return d.Name == a.Spec.ScaleTargetRef.Name }) {
					found = append(found, a.Name)
				}
			}
			return found
		}, old: "    kind: Deployment\n    name: helloworld", new: "    kind: Deployment\n    name: hello"},
	}
}

// serves says whether a Service has a port, by name or number.
func serves(s *manifest.Set, name, port string) bool {
	return slices.ContainsFunc(s.Services, func(o *corev1.Service) bool {
		return o.Name == name && slices.ContainsFunc(o.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == port || fmt.Sprint(p.Port) == port })
	})
}

func ingresses(s *manifest.Set) (found []string) {
	for _, i := range s.Ingresses {
		for _, r := range i.Spec.Rules {
			for _, p := range r.HTTP.Paths {
				if b := p.Backend.Service; b == nil || !serves(s, b.Name, b.Port.Name) {
					found = append(found, i.Name+" to "+r.Host)
				}
			}
		}
	}
	return found
}

func routes(s *manifest.Set) (found []string) {
	for _, o := range s.OfKind("HTTPRoute") {
		parents, _ := at(o.Content, "spec.parentRefs").([]any)
		for _, p := range parents {
			p, _ := p.(map[string]any)
			if !slices.ContainsFunc(s.OfKind("Gateway"), func(g manifest.Other) bool { return g.Name == p["name"] }) {
				found = append(found, fmt.Sprintf("%s from %v", o.Name, p["name"]))
			}
		}
		all, _ := at(o.Content, "spec.rules").([]any)
		for _, r := range all {
			r, _ := r.(map[string]any)
			backends, _ := r["backendRefs"].([]any)
			for _, b := range backends {
				if b, _ := b.(map[string]any); !serves(s, fmt.Sprint(b["name"]), fmt.Sprint(b["port"])) {
					found = append(found, fmt.Sprintf("%s to %v", o.Name, b["name"]))
				}
			}
		}
	}
	return found
}
