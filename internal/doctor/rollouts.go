package doctor

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// rollout is what Deployments and StatefulSets have in common.
type rollout struct {
	kind, name             string
	generation, observed   int64
	wanted, ready, updated int32
	paused                 bool
	failure                string // pods cannot be created, or it took too long
}

func (c checker) examineRollouts(ctx context.Context, known *causes) (found []Finding) {
	if c.Set == nil {
		return nil
	}
	var deployments appsv1.DeploymentList
	var sets appsv1.StatefulSetList
	if err := cmp.Or(c.Get(ctx, c.Namespace(), "deployments", &deployments), c.Get(ctx, c.Namespace(), "statefulsets", &sets)); err != nil {
		return []Finding{{"the Deployments and StatefulSets cannot be read", c.Kubectl("get deployments,statefulsets")}}
	}
	there := map[string]rollout{}
	for _, d := range deployments.Items {
		r := rollout{kind: "deployment", name: d.Name, generation: d.Generation, observed: d.Status.ObservedGeneration, wanted: replicas(d.Spec.Replicas), ready: d.Status.ReadyReplicas, updated: d.Status.UpdatedReplicas, paused: d.Spec.Paused}
		for _, condition := range d.Status.Conditions {
			if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue || condition.Type == appsv1.DeploymentProgressing && condition.Status == corev1.ConditionFalse {
				r.failure = cmp.Or(r.failure, condition.Message)
			}
		}
		there["Deployment "+d.Name] = r
	}
	for _, s := range sets.Items {
		there["StatefulSet "+s.Name] = rollout{kind: "statefulset", name: s.Name, generation: s.Generation, observed: s.Status.ObservedGeneration, wanted: replicas(s.Spec.Replicas), ready: s.Status.ReadyReplicas, updated: s.Status.UpdatedReplicas}
	}
	var missing, unseen []string
	for _, w := range c.Set.Workloads() {
		if w.Kind != "Deployment" && w.Kind != "StatefulSet" {
			continue
		}
		r, is := there[w.Kind+" "+w.Name]
		if !is {
			missing = append(missing, w.Name)
			known.workloads[w.Name] = true
		} else if r.observed < r.generation {
			unseen = append(unseen, w.Name)
			known.workloads[w.Name] = true
		} else if f, stuck := c.examineRollout(r); stuck && !known.workloads[w.Name] {
			known.workloads[w.Name] = true
			found = append(found, f)
		}
	}
	if len(missing) > 0 {
		found = append(found, Finding{fmt.Sprintf("the cluster has no %s, which the overlay has", strings.Join(missing, ", ")), "kubectl apply -k " + c.Overlay()})
	}
	if len(unseen) > 0 {
		found = append(found, Finding{fmt.Sprintf("the cluster's own controllers have not processed %s since the last change", strings.Join(unseen, ", ")), "kubectl -n kube-system get pods"})
	}
	return found
}

func replicas(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

// examineRollout says why a rollout is not complete.
func (c checker) examineRollout(r rollout) (Finding, bool) {
	of := r.kind + "/" + r.name
	switch {
	case r.wanted == 0:
		return Finding{of + " is scaled to no pods", c.Kubectl("scale " + of + " --replicas=1")}, true
	case r.paused:
		return Finding{"the rollout of " + of + " is paused", c.Kubectl("rollout resume " + of)}, true
	case r.failure != "":
		return Finding{fmt.Sprintf("the rollout of %s is stuck: %s", of, strings.Join(strings.Fields(r.failure), " ")), c.Kubectl("describe " + of)}, true
	case r.ready < r.wanted || r.updated < r.wanted:
		return Finding{fmt.Sprintf("the rollout of %s is not complete: of %d pods %d are new and %d ready", of, r.wanted, r.updated, r.ready), c.Kubectl("rollout status " + of + " --timeout=5m")}, true
	}
	return Finding{}, false
}
