package manifest_test

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/manifest"
)

// rule is a rule for rendered manifests, with a change that breaks it.
type rule struct {
	name string
	// on are the overlays that the rule is for; empty means all.
	on []string
	// check returns what breaks the rule.
	check func(s *manifest.Set) []string
	// Replacing old by new in the rendered YAML breaks the rule.
	old, new string
}

// each calls check for every container and collects what it finds.
func each(s *manifest.Set, check func(w manifest.Workload, c *corev1.Container, init bool) string) (found []string) {
	for _, w := range s.Workloads() {
		for i := range w.Pod.Spec.InitContainers {
			if f := check(w, &w.Pod.Spec.InitContainers[i], true); f != "" {
				found = append(found, w.Name+"/"+w.Pod.Spec.InitContainers[i].Name+": "+f)
			}
		}
		for i := range w.Pod.Spec.Containers {
			if f := check(w, &w.Pod.Spec.Containers[i], false); f != "" {
				found = append(found, w.Name+"/"+w.Pod.Spec.Containers[i].Name+": "+f)
			}
		}
	}
	return found
}

func rules() []rule {
	return slices.Concat(serviceRules(), podRules(), referenceRules(), networkRules(), storageRules(), storeRules(), environmentRules(), routeRules(), versionRules())
}

func podRules() []rule {
	return []rule{
		{name: "containers are restricted", check: restricted, old: "readOnlyRootFilesystem: true", new: "readOnlyRootFilesystem: false"},
		{name: "pods run as somebody, with the default seccomp profile", check: func(s *manifest.Set) (found []string) {
			for _, w := range s.Workloads() {
				c := w.Pod.Spec.SecurityContext
				if c == nil || c.RunAsNonRoot == nil || !*c.RunAsNonRoot || c.RunAsUser == nil || *c.RunAsUser == 0 || c.SeccompProfile == nil || c.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
					found = append(found, w.Name)
				}
			}
			return found
		}, old: "type: RuntimeDefault", new: "type: Unconfined"},
		{name: "pods get neither a token nor variables of Services", check: func(s *manifest.Set) (found []string) {
			for _, w := range s.Workloads() {
				p := w.Pod.Spec
				if p.EnableServiceLinks == nil || *p.EnableServiceLinks || p.AutomountServiceAccountToken == nil || *p.AutomountServiceAccountToken {
					found = append(found, w.Name)
				}
			}
			return found
		}, old: "enableServiceLinks: false", new: "enableServiceLinks: true"},
		{name: "every container says what it needs", check: func(s *manifest.Set) []string {
			return each(s, func(_ manifest.Workload, c *corev1.Container, _ bool) string {
				for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
					if c.Resources.Requests.Name(name, "").IsZero() {
						return "no request of " + string(name)
					}
				}
				if c.Resources.Limits.Memory().IsZero() {
					return "no limit of memory"
				}
				return ""
			})
		}, old: "cpu: 250m", new: "cpu: 0m"},
		{name: "what serves is probed for start, readiness and life", check: func(s *manifest.Set) []string {
			return each(s, func(w manifest.Workload, c *corev1.Container, init bool) string {
				if w.Selector == nil || init || c.StartupProbe != nil && c.ReadinessProbe != nil && c.LivenessProbe != nil {
					return ""
				}
				return "a probe is missing"
			})
		}, old: "        livenessProbe:\n          httpGet:\n            path: /livez\n            port: http\n          periodSeconds: 10\n          timeoutSeconds: 2\n", new: ""},
		{name: "life does not depend on stores", check: func(s *manifest.Set) []string {
			return each(s, func(_ manifest.Workload, c *corev1.Container, _ bool) string {
				if c.LivenessProbe != nil && c.LivenessProbe.HTTPGet != nil && c.LivenessProbe.HTTPGet.Path != "/livez" {
					return "alive means " + c.LivenessProbe.HTTPGet.Path
				}
				return ""
			})
		}, old: "path: /livez", new: "path: /readyz"},
		{name: "images have an exact tag and are not pulled each time", check: func(s *manifest.Set) []string {
			return each(s, func(_ manifest.Workload, c *corev1.Container, _ bool) string {
				_, tag, tagged := strings.Cut(c.Image[strings.LastIndex(c.Image, "/")+1:], ":")
				if !tagged || tag == "" || tag == "latest" || c.ImagePullPolicy == corev1.PullAlways {
					return c.Image
				}
				return ""
			})
		}, old: "image: redis:", new: "image: redis-"},
		{name: "services have the time to stop", check: graceful, old: "terminationGracePeriodSeconds: 40", new: "terminationGracePeriodSeconds: 20"},
		{name: "Postgres runs as the user of its image, on a directory below its volume", check: postgres, old: "value: /var/lib/postgresql/data/pgdata", new: "value: /var/lib/postgresql/data"},
		{name: "pods do not touch the node, nor choose it", check: func(s *manifest.Set) (found []string) {
			for _, w := range s.Workloads() {
				if p := w.Pod.Spec; p.HostNetwork || p.HostPID || p.HostIPC || p.NodeName != "" {
					found = append(found, w.Name)
				}
			}
			return append(found, each(s, func(_ manifest.Workload, c *corev1.Container, _ bool) string {
				if slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.HostPort != 0 }) {
					return "has a port of the node"
				}
				return ""
			})...)
		}, old: "enableServiceLinks: false", new: "enableServiceLinks: false\n      hostNetwork: true"},
		{name: "our images are started by their entrypoint", check: func(s *manifest.Set) []string {
			return each(s, func(_ manifest.Workload, c *corev1.Container, _ bool) string {
				if isOurs(c.Image) && len(c.Command) > 0 {
					return "has a command, which Tilt could not replace"
				}
				return ""
			})
		}, old: "- args:\n        - serve", new: "- command:\n        - serve"},
		{name: "the schema is applied by a Job that goes, so that the next can come", check: func(s *manifest.Set) (found []string) {
			found = each(s, func(_ manifest.Workload, c *corev1.Container, init bool) string {
				// An initContainer of an old pod would apply an old schema at a restart. Neither of these applies one.
				if init && c.Name != "own-volume" && c.Name != "restore" {
					return "runs before its pod"
				}
				return ""
			})
			for _, j := range s.Jobs {
				if ttl := j.Spec.TTLSecondsAfterFinished; ttl == nil || *ttl > 300 || j.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyOnFailure {
					found = append(found, j.Name)
				}
			}
			return found
		}, old: "ttlSecondsAfterFinished: 15", new: "ttlSecondsAfterFinished: 86400"},
		{name: "a rollout never takes a service away", check: func(s *manifest.Set) (found []string) {
			for _, d := range s.Deployments {
				if u := d.Spec.Strategy.RollingUpdate; u == nil || u.MaxUnavailable == nil || u.MaxUnavailable.String() != "0" {
					found = append(found, d.Name)
				}
			}
			return found
		}, old: "maxUnavailable: 0", new: "maxUnavailable: 1"},
	}
}

func restricted(s *manifest.Set) []string {
	return each(s, func(_ manifest.Workload, c *corev1.Container, init bool) string {
		x := c.SecurityContext
		if x == nil || x.AllowPrivilegeEscalation == nil || *x.AllowPrivilegeEscalation || x.ReadOnlyRootFilesystem == nil || !*x.ReadOnlyRootFilesystem ||
			x.Capabilities == nil || !slices.Equal(x.Capabilities.Drop, []corev1.Capability{"ALL"}) || x.Privileged != nil && *x.Privileged {
			return "not restricted"
		}
		// The only exception: this container changes the owner of a hostPath folder.
		if len(x.Capabilities.Add) > 0 || x.RunAsUser != nil && *x.RunAsUser == 0 {
			if !init || c.Name != "own-volume" || !slices.Equal(x.Capabilities.Add, []corev1.Capability{"CHOWN", "FOWNER"}) || len(c.Command) != 3 || c.Command[0] != "chown" {
				return "has more than it may"
			}
		}
		return ""
	})
}

func graceful(s *manifest.Set) (found []string) {
	for _, d := range s.Deployments {
		if d.Labels[serviceLabel] != "api" {
			continue // Such as Mailpit, which has nothing to finish.
		}
		config := configOf(s, d.Name)
		prefix := strings.ToUpper(strings.ReplaceAll(d.Name, "-", "_"))
		need := seconds(config[prefix+"_SHUTDOWN_DELAY"]) + seconds(config[prefix+"_SHUTDOWN_TIMEOUT"])
		if g := d.Spec.Template.Spec.TerminationGracePeriodSeconds; g == nil || need == 0 || *g <= need {
			found = append(found, fmt.Sprintf("%s needs more than %d s", d.Name, need))
		}
	}
	return found
}

func postgres(s *manifest.Set) (found []string) {
	for _, set := range s.StatefulSets {
		for _, c := range set.Spec.Template.Spec.Containers {
			if !strings.HasPrefix(c.Image, "postgres:") {
				continue
			}
			tag := c.Image[strings.LastIndex(c.Image, ":")+1:]
			owner := int64(999)
			if strings.Contains(tag, "alpine") {
				owner = 70
			}
			if *set.Spec.Template.Spec.SecurityContext.RunAsUser != owner {
				found = append(found, "user")
			}
			mount := "/var/lib/postgresql/data"
			if major := tag[:strings.IndexAny(tag+".", ".-")]; major >= "18" {
				mount = "/var/lib/postgresql"
			}
			i := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == "data" })
			if i < 0 || c.VolumeMounts[i].MountPath != mount || c.VolumeMounts[i].SubPath != "" {
				found = append(found, "the volume is not at "+mount)
			}
			if j := slices.IndexFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == "PGDATA" }); j < 0 || !strings.HasPrefix(c.Env[j].Value, mount+"/") {
				found = append(found, "PGDATA is not below it")
			}
		}
	}
	return found
}
