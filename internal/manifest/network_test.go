package manifest_test

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"auth.books.test/internal/manifest"
)

func networkRules() []rule {
	return []rule{
		{name: "nothing is allowed that is not named", check: func(s *manifest.Set) []string {
			for _, p := range s.Policies {
				if len(p.Spec.PodSelector.MatchLabels)+len(p.Spec.PodSelector.MatchExpressions) == 0 && len(p.Spec.Ingress)+len(p.Spec.Egress) == 0 && len(p.Spec.PolicyTypes) == 2 {
					return nil
				}
			}
			return []string{"no default-deny"}
		}, old: "  podSelector: {}\n  policyTypes:\n  - Ingress\n  - Egress\n", new: "  podSelector: {}\n  policyTypes:\n  - Ingress\n"},
		{name: "every allowance names its ports", check: func(s *manifest.Set) (found []string) {
			for _, p := range s.Policies {
				for _, in := range p.Spec.Ingress {
					if len(in.Ports) == 0 {
						found = append(found, p.Name)
					}
				}
				for _, out := range p.Spec.Egress {
					if len(out.Ports) == 0 || len(out.To) == 0 {
						found = append(found, p.Name)
					}
				}
			}
			return found
		}, old: "  - ports:\n    - port: 5432\n      protocol: TCP\n    to:\n", new: "  - to:\n"},
		{name: "names resolve, also beside a cache on the node and in Cloud DNS", check: func(s *manifest.Set) []string {
			for _, p := range s.Policies {
				for _, out := range p.Spec.Egress {
					var blocks []string
					pods := false
					for _, to := range out.To {
						if to.IPBlock != nil {
							blocks = append(blocks, to.IPBlock.CIDR)
						}
						pods = pods || to.PodSelector != nil && to.PodSelector.MatchLabels["k8s-app"] == "kube-dns"
					}
					if pods && len(out.Ports) == 2 && slices.Contains(blocks, "169.254.20.10/32") && slices.Contains(blocks, "169.254.169.254/32") {
						return nil
					}
				}
			}
			return []string{"no such policy"}
		}, old: "cidr: 169.254.169.254/32", new: "cidr: 169.254.169.253/32"},
		{name: "stores open to those who need them, and metrics to nobody", check: func(s *manifest.Set) (found []string) {
			for _, p := range s.Policies {
				for _, in := range p.Spec.Ingress {
					open := len(in.From) == 0
					for _, port := range in.Ports {
						if port.Port != nil && (port.Port.String() == "metrics" || open && port.Port.String() != "http") {
							found = append(found, p.Name+" opens "+port.Port.String())
						}
					}
				}
			}
			return found
		}, old: "  ingress:\n  - ports:\n    - port: http\n", new: "  ingress:\n  - ports:\n    - port: postgres\n"},
		{name: "who may ask a store is let in by it", check: unanswered,
			old: "labels:\n        app.kubernetes.io/name: helloworld\n        app.kubernetes.io/part-of: auth\n        auth.books.test/verifier: \"true\"", new: "labels:\n        app.kubernetes.io/name: helloworld"},
		{name: "only node ports let in who is no pod", on: []string{"gke"}, check: func(s *manifest.Set) (found []string) {
			for _, p := range s.Policies {
				for _, in := range p.Spec.Ingress {
					if slices.ContainsFunc(in.From, func(f networkingv1.NetworkPolicyPeer) bool { return f.IPBlock != nil }) {
						found = append(found, p.Name)
					}
				}
			}
			return found
		}, old: "    - podSelector:\n        matchLabels:\n          app.kubernetes.io/name: auth-api\n    - namespaceSelector: {}", new: "    - ipBlock: {cidr: 0.0.0.0/0}\n    - namespaceSelector: {}"},
	}
}

// unanswered are connections that an egress policy allows, but no ingress policy of the
// other pods.
func unanswered(s *manifest.Set) (found []string) {
	for _, from := range s.Workloads() {
		for _, to := range s.Workloads() {
			if allows(s, from, to) && !admits(s, from, to) {
				found = append(found, from.Name+" to "+to.Name)
			}
		}
	}
	return found
}

func allows(s *manifest.Set, from, to manifest.Workload) bool {
	for _, p := range s.Policies {
		// The policy for all pods is the one for DNS.
		if len(p.Spec.PodSelector.MatchLabels) == 0 || !matches(&p.Spec.PodSelector, from.Pod.Labels) {
			continue
		}
		for _, out := range p.Spec.Egress {
			if named(out.To, to) {
				return true
			}
		}
	}
	return false
}

func admits(s *manifest.Set, from, to manifest.Workload) bool {
	for _, p := range s.Policies {
		if !matches(&p.Spec.PodSelector, to.Pod.Labels) {
			continue
		}
		for _, in := range p.Spec.Ingress {
			if len(in.From) == 0 || named(in.From, from) {
				return true
			}
		}
	}
	return false
}

func named(peers []networkingv1.NetworkPolicyPeer, w manifest.Workload) bool {
	return slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
		return p.PodSelector != nil && matches(p.PodSelector, w.Pod.Labels)
	})
}
