package manifest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
)

func referenceRules() []rule {
	return []rule{
		{name: "every secret that is used is sealed, with that key", check: (*manifest.Set).MissingSecrets, old: "secretName: session-db-users", new: "secretName: session-db-user"},
		{name: "only auth-api may write tokens; who verifies them may read", check: func(s *manifest.Set) (found []string) {
			for _, ref := range s.References() {
				if ref.Workload != "auth-api" && ref.Secret == "session-db-credentials" {
					found = append(found, ref.Workload+" has auth-api's password")
				}
			}
			for _, name := range append(verifiers(s), "auth-api") {
				user := "verifier"
				if name == "auth-api" {
					user = name
				}
				if got := configOf(s, name)["SESSION_DB_USER"]; got != user {
					found = append(found, name+" is "+got)
				}
			}
			return found
		}, old: "secretName: session-db-verifier", new: "secretName: session-db-credentials"},
		{name: "only auth-api has the service keys", check: func(s *manifest.Set) (found []string) {
			for _, ref := range s.References() {
				if (strings.HasPrefix(ref.Secret, credential.ServiceKey) || strings.HasPrefix(ref.Secret, credential.SigningKey)) && ref.Workload != "auth-api" {
					found = append(found, ref.Workload+" has them")
				}
			}
			return found
		}, old: "secretName: session-db-token-key\n---", new: "secretName: auth-api-service-key\n---"},
		{name: "our programs read keys and passwords from files, which nothing inherits", check: func(s *manifest.Set) []string {
			return each(s, func(_ manifest.Workload, c *corev1.Container, _ bool) string {
				for _, e := range c.Env {
					ofOurs := e.Name == "AUTH_DB_PASSWORD" || e.Name == "SESSION_DB_PASSWORD"
					if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil && (ofOurs || strings.HasPrefix(e.ValueFrom.SecretKeyRef.Name, credential.TokenKey) || strings.HasPrefix(e.ValueFrom.SecretKeyRef.Name, credential.ServiceKey)) {
						return "has them in " + e.Name
					}
				}
				return ""
			})
		}, old: "- name: SESSION_DB_TOKEN_KEY_FILE\n          value: /etc/token-key/keys", new: "- name: SESSION_DB_TOKEN_KEY\n          valueFrom: {secretKeyRef: {name: session-db-token-key, key: keys}}"},
		{name: "secrets are sealed strictly, and do not change under their name unless they are read again", check: func(s *manifest.Set) (found []string) {
			for _, o := range s.OfKind("SealedSecret") {
				for annotation := range o.Annotations {
					found = append(found, o.Name+" has "+annotation)
				}
				template, _ := at(o.Content, "spec.template.metadata").(map[string]any)
				if at(o.Content, "spec.template.immutable") == credential.Secret(o.Name, nil).Mutable || template["name"] != o.Name || template["namespace"] != o.Namespace || o.Annotations != nil {
					found = append(found, o.Name)
				}
				// kubeseal writes null here, which validators refuse.
				if metadata, _ := o.Content["metadata"].(map[string]any); slices.Contains(slices.Collect(maps.Keys(metadata)), "creationTimestamp") || template["creationTimestamp"] != nil {
					found = append(found, o.Name+" has a time")
				}
			}
			return found
		}, old: "immutable: true", new: "immutable: false"},
		{name: "every ConfigMap that is used is there", check: func(s *manifest.Set) []string {
			have := map[string]bool{}
			for _, c := range s.ConfigMaps {
				have[c.Name] = true
			}
			found := each(s, func(_ manifest.Workload, c *corev1.Container, _ bool) string {
				for _, e := range c.EnvFrom {
					if e.ConfigMapRef != nil && !have[e.ConfigMapRef.Name] {
						return e.ConfigMapRef.Name
					}
				}
				return ""
			})
			for _, w := range s.Workloads() {
				for _, v := range w.Pod.Spec.Volumes {
					if v.ConfigMap != nil && !have[v.ConfigMap.Name] {
						found = append(found, v.ConfigMap.Name)
					}
				}
			}
			return found
		}, old: "- configMapRef:\n            name: auth-api", new: "- configMapRef:\n            name: x"},
		{name: "ConfigMaps have the hash of their content in the name", check: func(s *manifest.Set) (found []string) {
			for _, c := range s.ConfigMaps {
				if i := strings.LastIndex(c.Name, "-"); i < 0 || len(c.Name)-i-1 != 10 {
					found = append(found, c.Name)
				}
			}
			return found
		}, old: "kind: ConfigMap\nmetadata:\n  labels:\n    app.kubernetes.io/part-of: auth\n  name: auth-api-", new: "kind: ConfigMap\nmetadata:\n  name: auth-api2"},
		{name: "there is neither a plain Secret nor a definition of resources", check: func(s *manifest.Set) (found []string) {
			for _, o := range s.Others {
				if o.Kind == "Secret" || o.Kind == "CustomResourceDefinition" {
					found = append(found, o.Kind+" "+o.Name)
				}
			}
			return found
		}, old: "kind: SealedSecret", new: "kind: Secret"},
		{name: "selectors choose their own pods", check: func(s *manifest.Set) (found []string) {
			for _, w := range s.Workloads() {
				if w.Selector == nil {
					continue
				}
				if len(w.Selector.MatchLabels) != 1 || !matches(w.Selector, w.Pod.Labels) {
					found = append(found, w.Name)
				}
			}
			return found
		}, old: "matchLabels:\n      app.kubernetes.io/name: auth-api", new: "matchLabels:\n      app.kubernetes.io/name: auth"},
		{name: "Services lead to a port of a pod", check: services, old: "targetPort: redis", new: "targetPort: resid"},
		{name: "everything lives in the namespace auth", check: func(s *manifest.Set) (found []string) {
			check := func(kind string, m metav1.ObjectMeta) {
				if m.Namespace != "auth" {
					found = append(found, kind+" "+m.Name)
				}
			}
			for _, o := range s.Deployments {
				check("Deployment", o.ObjectMeta)
			}
			for _, o := range s.StatefulSets {
				check("StatefulSet", o.ObjectMeta)
			}
			for _, o := range s.Jobs {
				check("Job", o.ObjectMeta)
			}
			for _, o := range s.CronJobs {
				check("CronJob", o.ObjectMeta)
			}
			for _, o := range s.Services {
				check("Service", o.ObjectMeta)
			}
			for _, o := range s.ConfigMaps {
				check("ConfigMap", o.ObjectMeta)
			}
			for _, o := range s.ServiceAccounts {
				check("ServiceAccount", o.ObjectMeta)
			}
			for _, o := range s.Policies {
				check("NetworkPolicy", o.ObjectMeta)
			}
			for _, o := range s.Ingresses {
				check("Ingress", o.ObjectMeta)
			}
			for _, o := range s.Autoscalers {
				check("HorizontalPodAutoscaler", o.ObjectMeta)
			}
			for _, o := range s.Budgets {
				check("PodDisruptionBudget", o.ObjectMeta)
			}
			for _, o := range s.Others {
				check(o.Kind, o.ObjectMeta)
			}
			return found
		}, old: "  name: auth-api\n  namespace: auth\nspec:", new: "  name: auth-api\nspec:"},
	}
}

func services(s *manifest.Set) (found []string) {
	for _, service := range s.Services {
		selector := labels.SelectorFromSet(service.Spec.Selector)
		for _, port := range service.Spec.Ports {
			// The operator of a Cluster runs the pods.
			leads := slices.ContainsFunc(s.OfKind("Cluster"), func(c manifest.Other) bool {
				return service.Spec.Selector["cnpg.io/cluster"] == c.Name && port.TargetPort.String() == "5432"
			})
			for _, w := range s.Workloads() {
				for _, c := range w.Pod.Spec.Containers {
					leads = leads || selector.Matches(labels.Set(w.Pod.Labels)) && slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == port.TargetPort.String() })
				}
			}
			if !leads {
				found = append(found, fmt.Sprintf("%s:%s", service.Name, port.TargetPort.String()))
			}
		}
	}
	return found
}

func matches(selector *metav1.LabelSelector, of map[string]string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(of))
}

// configOf has the settings in the ConfigMap with a name.
func configOf(s *manifest.Set, name string) map[string]string {
	if c := configMapOf(s, name); c != nil {
		return maps.Clone(c.Data)
	}
	return nil
}

// configMapOf is the ConfigMap with a name, without its hash.
func configMapOf(s *manifest.Set, name string) *corev1.ConfigMap {
	for _, c := range s.ConfigMaps {
		if rest, found := strings.CutPrefix(c.Name, name+"-"); found && !strings.Contains(rest, "-") {
			return c
		}
	}
	return nil
}

func seconds(duration string) int64 {
	d, err := time.ParseDuration(duration)
	if err != nil {
		return 0
	}
	return int64(d.Seconds())
}
