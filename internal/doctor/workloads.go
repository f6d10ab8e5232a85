package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// examineWorkloads goes from causes to effects: stores, services, Jobs. Pods come first, since they tell more than the
// rollout that waits for them.
func (c checker) examineWorkloads(ctx context.Context, known *causes) (found []Finding) {
	var list corev1.PodList
	if err := c.Get(ctx, c.Namespace(), "pods", &list); err != nil {
		return []Finding{{"the pods cannot be read", c.Kubectl("get pods")}}
	}
	pods := list.Items
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int { return cmp.Compare(rank(a), rank(b)) })
	found = c.examinePods(ctx, pods, known)
	return slices.Concat(found, c.examineRollouts(ctx, known), c.examineJobs(ctx, known))
}

// rank puts stores before the services that need them.
func rank(pod corev1.Pod) int {
	if len(pod.OwnerReferences) > 0 {
		switch pod.OwnerReferences[0].Kind {
		case "StatefulSet":
			return 0
		case "Job":
			return 2
		}
	}
	return 1
}

// workloadOf is the name of the workload that a pod belongs to.
func workloadOf(pod corev1.Pod) string {
	return cmp.Or(pod.Labels["app.kubernetes.io/name"], pod.Name)
}

// examineJobs finds Jobs that failed, the schema's and those of components.
func (c checker) examineJobs(ctx context.Context, known *causes) (found []Finding) {
	var list batchv1.JobList
	if err := c.Get(ctx, c.Namespace(), "jobs", &list); err != nil {
		return []Finding{{"the Jobs cannot be read", c.Kubectl("get jobs")}}
	}
	for _, job := range list.Items {
		if known.workloads[job.Name] || job.Name == "schema" && known.stores["auth-db"] {
			continue
		}
		for _, condition := range job.Status.Conditions {
			if condition.Type != batchv1.JobFailed || condition.Status != corev1.ConditionTrue {
				continue
			}
			fix := c.Kubectl("logs job/"+job.Name) + "; " + c.Kubectl("delete job "+job.Name)
			if job.Name == "schema" {
				fix += " && kubectl apply -k " + c.Overlay()
			}
			found = append(found, Finding{fmt.Sprintf("the Job %s failed (%s)", job.Name, condition.Message), fix})
		}
	}
	return found
}
