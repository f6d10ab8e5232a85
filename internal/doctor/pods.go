package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/cluster"
)

// podFinding is a finding about one pod, before those with the same text are merged.
type podFinding struct {
	what string // the problem, which follows the names of the pods
	fix  string // with POD for the name of the first of them
}

// examinePods finds pods that do not run, or run and are not ready, and says why. Pods with the same problem share a
// finding; there is none if the problem follows from a known one.
func (c checker) examinePods(ctx context.Context, pods []corev1.Pod, known *causes) (found []Finding) {
	names := map[podFinding][]string{}
	var order []podFinding
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded {
			continue
		}
		for _, f := range c.examinePod(ctx, pod, known) {
			known.workloads[workloadOf(pod)] = true
			if f.what == "" {
				continue // it follows from a known problem
			}
			if rank(pod) == 0 {
				known.stores[workloadOf(pod)] = true
			}
			if names[f] == nil {
				order = append(order, f)
			}
			names[f] = append(names[f], pod.Name)
		}
	}
	for _, f := range order {
		subject := "the pod " + names[f][0]
		if len(names[f]) > 1 {
			subject = "the pods " + strings.Join(names[f], ", ")
		}
		found = append(found, Finding{subject + ": " + f.what, strings.NewReplacer("POD", names[f][0], "NAMESPACE", c.Namespace()).Replace(f.fix)})
	}
	return found
}

// follows marks a pod whose problem follows from one that is reported already.
func follows() []podFinding { return []podFinding{{}} }

func (c checker) examinePod(ctx context.Context, pod corev1.Pod, known *causes) (found []podFinding) {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return []podFinding{{fmt.Sprintf("it cannot be scheduled (%s)", condition.Message), "kubectl -n NAMESPACE describe pod POD"}}
		}
	}
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if w := status.State.Waiting; w != nil {
			if f := c.waiting(ctx, pod, status, known); f != nil {
				return f
			}
		}
	}
	if pod.Status.Phase != corev1.PodRunning || rank(pod) == 2 {
		return nil // a Job's pod: the Job says how it ended
	}
	return c.unready(ctx, pod, cluster.IsReady(pod), known)
}

// waiting says what a container waits for; nothing if it is about to start.
func (c checker) waiting(ctx context.Context, pod corev1.Pod, status corev1.ContainerStatus, known *causes) []podFinding {
	w := status.State.Waiting
	message := strings.Join(strings.Fields(w.Message), " ")
	switch w.Reason {
	case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName":
		fix := fmt.Sprintf("push it, or name another in %s/kustomization.yaml", c.Overlay())
		if c.Env == "minikube" {
			fix = "make minikube-up"
		}
		return []podFinding{{"it waits for the image " + status.Image, fix}}
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		for secret := range known.secrets {
			if strings.Contains(message, fmt.Sprintf("secret %q", secret)) {
				return follows()
			}
		}
		return []podFinding{{"it cannot start: " + message, "kubectl apply -k " + c.Sealed()}}
	case "CrashLoopBackOff":
		if workloadOf(pod) == "schema" && known.stores["auth-db"] {
			return follows()
		}
		what := "it keeps crashing"
		if last := c.lastLine(ctx, pod.Name); last != "" {
			what += ": " + last
		}
		return []podFinding{{what, "kubectl -n NAMESPACE logs POD --previous"}}
	case "ContainerCreating", "PodInitializing":
		if c.mountsOneOf(pod, known.secrets) {
			return follows()
		}
		if c.Now().Sub(pod.CreationTimestamp.Time) > slow && !pod.CreationTimestamp.IsZero() {
			return []podFinding{{fmt.Sprintf("it has not started after %v (%s)", slow, w.Reason), "kubectl -n NAMESPACE describe pod POD"}}
		}
	}
	return nil
}

// mountsOneOf says whether a pod needs one of these Secrets before it starts.
func (c checker) mountsOneOf(pod corev1.Pod, secrets map[string]bool) bool {
	return slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Secret != nil && secrets[v.Secret.SecretName] })
}

// lastLine is the last line that a container printed before it ended.
func (c checker) lastLine(ctx context.Context, pod string) string {
	out, err := c.Run(ctx, "--namespace", "auth", "logs", pod, "--previous", "--tail=1")
	if err != nil {
		return ""
	}
	return cluster.Shorten(string(out))
}

// slow is how long a pod may take to start before that is reported.
const slow = 30 * time.Second
