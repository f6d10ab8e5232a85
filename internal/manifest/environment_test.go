package manifest_test

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"auth.books.test/internal/manifest"
)

func environmentRules() []rule {
	minikube, gke := []string{"minikube"}, []string{"gke"}
	return []rule{
		{name: "node ports are those that are documented", on: minikube, check: func(s *manifest.Set) []string {
			var ports []int32
			for _, service := range s.Services {
				for _, p := range service.Spec.Ports {
					if service.Spec.Type == corev1.ServiceTypeNodePort {
						ports = append(ports, p.NodePort)
					}
				}
			}
			slices.Sort(ports)
			if !slices.Equal(ports, []int32{30001, 30002, 30080}) {
				return []string{fmt.Sprint(ports)}
			}
			return nil
		}, old: "nodePort: 30002", new: "nodePort: 30003"},
		{name: "the password form is on", on: minikube, check: grant("true"), old: `AUTH_API_PASSWORD_GRANT: "true"`, new: `AUTH_API_PASSWORD_GRANT: "false"`},
		{name: "the password form is off", on: gke, check: grant("false"), old: `AUTH_API_PASSWORD_GRANT: "false"`, new: `AUTH_API_PASSWORD_GRANT: "true"`},
		{name: "cookies are sent by https only", on: gke, check: func(s *manifest.Set) (found []string) {
			if config := configOf(s, "auth-api"); !strings.HasPrefix(config["AUTH_API_ISSUER"], "https://") || config["AUTH_API_INSECURE_COOKIES"] != "" {
				found = append(found, config["AUTH_API_ISSUER"], config["AUTH_API_INSECURE_COOKIES"])
			}
			return found
		}, old: "AUTH_API_ISSUER: https://auth.books.test", new: "AUTH_API_ISSUER: https://auth.books.test\n  AUTH_API_INSECURE_COOKIES: \"true\""},
		{name: "Services are inside the cluster", on: gke, check: func(s *manifest.Set) (found []string) {
			for _, service := range s.Services {
				if service.Spec.Type != "" && service.Spec.Type != corev1.ServiceTypeClusterIP {
					found = append(found, service.Name)
				}
			}
			return found
		}, old: "kind: Service\nmetadata:\n  labels:\n    app.kubernetes.io/component: api\n    app.kubernetes.io/name: auth-api\n    app.kubernetes.io/part-of: auth\n  name: auth-api\n  namespace: auth\nspec:\n", new: "kind: Service\nmetadata:\n  name: auth-api\n  namespace: auth\nspec:\n  type: LoadBalancer\n"},
		{name: "the namespace enforces restricted pods", on: gke, check: enforces("restricted"), old: "pod-security.kubernetes.io/enforce: restricted", new: "pod-security.kubernetes.io/enforce: baseline"},
		{name: "the namespace enforces baseline, and warns of no more", on: minikube, check: enforces("baseline"), old: "pod-security.kubernetes.io/enforce: baseline", new: "pod-security.kubernetes.io/enforce: privileged"},
		{name: "every Ingress names its class", check: func(s *manifest.Set) (found []string) {
			for _, i := range s.Ingresses {
				// GKE's controller reads only the annotation.
				if i.Spec.IngressClassName == nil && i.Annotations["kubernetes.io/ingress.class"] == "" {
					found = append(found, i.Name)
				}
			}
			return found
		}, old: "  ingressClassName: traefik\n", new: ""},
		{name: "what is scaled has no fixed number of replicas", check: func(s *manifest.Set) (found []string) {
			for _, d := range s.Deployments {
				if d.Spec.Replicas != nil {
					found = append(found, d.Name)
				}
			}
			return found
		}, old: "kind: Deployment\nmetadata:\n  labels:\n    app.kubernetes.io/component: api\n    app.kubernetes.io/name: auth-api\n    app.kubernetes.io/part-of: auth\n  name: auth-api\n  namespace: auth\nspec:\n", new: "kind: Deployment\nmetadata:\n  name: auth-api\n  namespace: auth\nspec:\n  replicas: 1\n"},
		{name: "a budget only for what runs twice", on: gke, check: func(s *manifest.Set) (found []string) {
			for _, b := range s.Budgets {
				twice := slices.ContainsFunc(s.Deployments, func(d *deployment) bool { return matches(b.Spec.Selector, d.Spec.Template.Labels) }) ||
					slices.ContainsFunc(s.StatefulSets, func(set *appsv1.StatefulSet) bool {
						return matches(b.Spec.Selector, set.Spec.Template.Labels) && set.Spec.Replicas != nil && *set.Spec.Replicas > 1
					})
				if b.Spec.MaxUnavailable == nil || b.Spec.MaxUnavailable.String() != "1" || !twice {
					found = append(found, b.Name)
				}
			}
			for _, a := range s.Autoscalers {
				if a.Spec.MinReplicas == nil || *a.Spec.MinReplicas < 2 {
					found = append(found, a.Name+" may run once")
				}
			}
			return found
		}, old: "minReplicas: 2", new: "minReplicas: 1"},
		{name: "the load balancer asks what the readiness probe asks", on: gke, check: healthCheck, old: "requestPath: /readyz", new: "requestPath: /"},
		{name: "each service has an autoscaler and a budget", on: gke, check: func(s *manifest.Set) (found []string) {
			for _, d := range s.Deployments {
				if !slices.ContainsFunc(s.Autoscalers, func(a *autoscalingv2.HorizontalPodAutoscaler) bool { return a.Spec.ScaleTargetRef.Name == d.Name }) ||
					!slices.ContainsFunc(s.Budgets, func(b *policyv1.PodDisruptionBudget) bool { return matches(b.Spec.Selector, d.Spec.Template.Labels) }) {
					found = append(found, d.Name)
				}
			}
			return found
		}, old: "    kind: Deployment\n    name: helloworld", new: "    kind: Deployment\n    name: auth-api"},
		{name: "pods spread over zones", on: gke, check: func(s *manifest.Set) (found []string) {
			for _, d := range s.Deployments {
				if c := d.Spec.Template.Spec.TopologySpreadConstraints; len(c) != 1 || c[0].TopologyKey != "topology.kubernetes.io/zone" || !matches(c[0].LabelSelector, d.Spec.Template.Labels) {
					found = append(found, d.Name)
				}
			}
			return found
		}, old: "topologyKey: topology.kubernetes.io/zone", new: "topologyKey: kubernetes.io/hostname"},
	}
}

func grant(want string) func(*manifest.Set) []string {
	return func(s *manifest.Set) []string {
		if got := configOf(s, "auth-api")["AUTH_API_PASSWORD_GRANT"]; got != want {
			return []string{got}
		}
		return nil
	}
}

func enforces(level string) func(*manifest.Set) []string {
	return func(s *manifest.Set) (found []string) {
		for _, n := range s.Namespaces {
			if n.Labels["pod-security.kubernetes.io/enforce"] != level || n.Labels["pod-security.kubernetes.io/warn"] != level {
				found = append(found, n.Name)
			}
		}
		return found
	}
}

// healthCheck compares each service's readiness probe with the load balancer's health check.
func healthCheck(s *manifest.Set) (found []string) {
	for _, d := range s.Deployments {
		c := d.Spec.Template.Spec.Containers[0]
		probe := c.ReadinessProbe.HTTPGet
		i := slices.IndexFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == probe.Port.String() })
		if i < 0 || !slices.Contains(questions(s), question{d.Name, probe.Path, fmt.Sprint(c.Ports[i].ContainerPort)}) {
			found = append(found, "no health check of "+d.Name+probe.Path)
		}
	}
	return found
}

// question is a load balancer's health check of a service's pods.
type question struct{ service, path, port string }

func questions(s *manifest.Set) (all []question) {
	// Of a Gateway.
	for _, o := range s.OfKind("HealthCheckPolicy") {
		spec, _ := o.Content["spec"].(map[string]any)
		ref, _ := spec["targetRef"].(map[string]any)
		standard, _ := spec["default"].(map[string]any)
		config, _ := standard["config"].(map[string]any)
		check, _ := config["httpHealthCheck"].(map[string]any)
		all = append(all, question{fmt.Sprint(ref["name"]), fmt.Sprint(check["requestPath"]), fmt.Sprint(check["port"])})
	}
	// Of an Ingress; the Service's annotation names its BackendConfig.
	for _, service := range s.Services {
		for _, o := range s.OfKind("BackendConfig") {
			spec, _ := o.Content["spec"].(map[string]any)
			check, _ := spec["healthCheck"].(map[string]any)
			if service.Annotations["cloud.google.com/backend-config"] == fmt.Sprintf(`{"default": %q}`, o.Name) {
				all = append(all, question{service.Name, fmt.Sprint(check["requestPath"]), fmt.Sprint(check["port"])})
			}
		}
	}
	return all
}
