package doctor

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// unready asks a running pod what keeps it from serving, in full or in part.
func (c checker) unready(ctx context.Context, pod corev1.Pod, ready bool, known *causes) []podFinding {
	path, port := c.readiness(workloadOf(pod))
	if path == "" {
		if ready {
			return nil
		}
		if c.mountsOneOf(pod, known.secrets) {
			return follows()
		}
		return []podFinding{{"it runs and is not ready", "kubectl -n NAMESPACE logs POD --all-containers --tail=20; kubectl -n NAMESPACE describe pod POD"}}
	}
	answer := healthOf(c.Ask(ctx, pod.Name, port, path))
	down, schema := answer.down()
	if ready && len(down) == 0 {
		return nil
	}
	kind := "it runs and is not ready"
	if ready {
		kind = "it serves only in part"
	}
	var found []podFinding
	for _, store := range down {
		if known.stores[store] && !known.refusing[store] {
			continue
		}
		if refusal := c.refusal(ctx, pod.Name, store, answer.problem(store)); refusal != "" {
			known.stores[store] = true
			known.refusing[store] = true
			found = append(found, podFinding{fmt.Sprintf("%s: %s refuses its user or password (%s), so the users of the store are not those of git", kind, store, refusal), "go run ./cmd/platform sync --env " + c.Env})
			continue
		}
		found = append(found, podFinding{fmt.Sprintf("%s: %s says that %s is down", kind, path, store), fmt.Sprintf("kubectl -n NAMESPACE logs POD --tail=20; kubectl -n NAMESPACE get pods -l app.kubernetes.io/name=%s", store)})
	}
	switch {
	case len(found) > 0:
		return found
	case len(down) > 0:
		return follows()
	case schema != "" && schema != "current":
		if known.stores["auth-db"] {
			return follows()
		}
		return []podFinding{{fmt.Sprintf("%s: %s says that the schema of auth-db is %s", kind, path, schema), "kubectl -n NAMESPACE logs job/schema; kubectl -n NAMESPACE delete job schema --ignore-not-found && kubectl apply -k " + c.Overlay()}}
	}
	return []podFinding{{fmt.Sprintf("%s: %s says %s", kind, path, answer.text), "kubectl -n NAMESPACE logs POD --tail=20"}}
}

// readiness is the path and port of a Deployment's readiness probe; empty if that is not an HTTP request.
func (c checker) readiness(workload string) (path, port string) {
	if c.Set == nil {
		return "", ""
	}
	i := slices.IndexFunc(c.Set.Deployments, func(d *appsv1.Deployment) bool { return d.Name == workload })
	if i < 0 {
		return "", ""
	}
	for _, container := range c.Set.Deployments[i].Spec.Template.Spec.Containers {
		probe := container.ReadinessProbe
		if probe == nil || probe.HTTPGet == nil {
			continue
		}
		for _, p := range container.Ports {
			if p.Name == probe.HTTPGet.Port.String() {
				return probe.HTTPGet.Path, fmt.Sprint(p.ContainerPort)
			}
		}
		return probe.HTTPGet.Path, probe.HTTPGet.Port.String()
	}
	return "", ""
}
