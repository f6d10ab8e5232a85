package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/credential"
)

// examinePods finds pods that wait for something, and says for what.
func (c cluster) examinePods(ctx context.Context) (found []finding) {
	var list corev1.PodList
	if err := c.get(ctx, credential.Namespace, "pods", &list); err != nil {
		return []finding{{"the pods cannot be read", "kubectl -n auth get pods"}}
	}
	for _, pod := range list.Items {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
				found = append(found, finding{fmt.Sprintf("the pod %s has no node (%s)", pod.Name, condition.Message), "kubectl -n auth describe pod " + pod.Name})
			}
		}
		for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			if w := status.State.Waiting; w != nil {
				if f, waits := c.waiting(pod.Name, status.Image, w.Reason, w.Message); waits {
					found = append(found, f)
				}
			}
		}
	}
	return found
}

func (c cluster) waiting(pod, image, reason, message string) (finding, bool) {
	switch reason {
	case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName":
		mend := fmt.Sprintf("push it, or name another in %s/kustomization.yaml", c.overlay())
		if c.env == "minikube" {
			mend = "make minikube-up"
		}
		return finding{fmt.Sprintf("the pod %s waits for the image %s", pod, image), mend}, true
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return finding{fmt.Sprintf("the pod %s cannot start: %s", pod, strings.Join(strings.Fields(message), " ")), "kubectl apply -k " + c.sealed()}, true
	case "CrashLoopBackOff":
		return finding{fmt.Sprintf("the pod %s ends again and again", pod), "kubectl -n auth logs " + pod + " --previous"}, true
	}
	return finding{}, false
}

// examineSchema asks how the Job ended that brings the schema up to date.
func (c cluster) examineSchema(ctx context.Context) []finding {
	var job batchv1.Job
	if err := c.get(ctx, credential.Namespace, "job/schema", &job); err != nil {
		return nil // it goes when it is done
	}
	for _, condition := range job.Status.Conditions {
		if condition.Type == batchv1.JobFailed && condition.Status == corev1.ConditionTrue {
			return []finding{{fmt.Sprintf("the Job schema failed (%s)", condition.Message),
				"kubectl -n auth logs job/schema; kubectl -n auth delete job schema && kubectl apply -k " + c.overlay()}}
		}
	}
	return nil
}
