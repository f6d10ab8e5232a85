package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"auth.books.test/internal/credential"
)

// examineWorkloads goes from causes to what follows from them: stores, services, Jobs; and of each first its
// pods, which know more than the rollout that waits for them.
func (c cluster) examineWorkloads(ctx context.Context, known *causes) (found []finding) {
	var list corev1.PodList
	if err := c.get(ctx, credential.Namespace, "pods", &list); err != nil {
		return []finding{{"the pods cannot be read", "kubectl -n auth get pods"}}
	}
	pods := list.Items
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int { return cmp.Compare(rank(a), rank(b)) })
	found = c.examinePods(ctx, pods, known)
	return slices.Concat(found, c.examineRollouts(ctx, known), c.examineJobs(ctx, known))
}

// rank puts stores before those who need them.
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

// workloadOf is the name of what made a pod.
func workloadOf(pod corev1.Pod) string {
	return cmp.Or(pod.Labels["app.kubernetes.io/name"], pod.Name)
}

// rollout is what Deployments and StatefulSets have in common.
type rollout struct {
	kind, name             string
	generation, observed   int64
	wanted, ready, updated int32
	paused                 bool
	failure                string // why pods cannot be made, or that it took too long
}

func (c cluster) examineRollouts(ctx context.Context, known *causes) (found []finding) {
	if c.set == nil {
		return nil
	}
	var deployments appsv1.DeploymentList
	var sets appsv1.StatefulSetList
	if err := cmp.Or(c.get(ctx, credential.Namespace, "deployments", &deployments), c.get(ctx, credential.Namespace, "statefulsets", &sets)); err != nil {
		return []finding{{"the Deployments and StatefulSets cannot be read", "kubectl -n auth get deployments,statefulsets"}}
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
	for _, w := range c.set.Workloads() {
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
		} else if f, stuck := r.examine(); stuck && !known.workloads[w.Name] {
			known.workloads[w.Name] = true
			found = append(found, f)
		}
	}
	if len(missing) > 0 {
		found = append(found, finding{fmt.Sprintf("the cluster has no %s, which the overlay has", strings.Join(missing, ", ")), "kubectl apply -k " + c.overlay()})
	}
	if len(unseen) > 0 {
		found = append(found, finding{fmt.Sprintf("the cluster's own controllers have not looked at %s as it is now", strings.Join(unseen, ", ")), "kubectl -n kube-system get pods"})
	}
	return found
}

func replicas(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

// examine says what keeps a rollout from its end.
func (r rollout) examine() (finding, bool) {
	of := r.kind + "/" + r.name
	switch {
	case r.wanted == 0:
		return finding{of + " is scaled to no pods", "kubectl -n auth scale " + of + " --replicas=1"}, true
	case r.paused:
		return finding{"the rollout of " + of + " is paused", "kubectl -n auth rollout resume " + of}, true
	case r.failure != "":
		return finding{fmt.Sprintf("the rollout of %s is stuck: %s", of, strings.Join(strings.Fields(r.failure), " ")), "kubectl -n auth describe " + of}, true
	case r.ready < r.wanted || r.updated < r.wanted:
		return finding{fmt.Sprintf("the rollout of %s is not done: of %d pods %d are new and %d ready", of, r.wanted, r.updated, r.ready), "kubectl -n auth rollout status " + of + " --timeout=5m"}, true
	}
	return finding{}, false
}

// examineJobs asks how Jobs ended, the schema's and those of components.
func (c cluster) examineJobs(ctx context.Context, known *causes) (found []finding) {
	var list batchv1.JobList
	if err := c.get(ctx, credential.Namespace, "jobs", &list); err != nil {
		return []finding{{"the Jobs cannot be read", "kubectl -n auth get jobs"}}
	}
	for _, job := range list.Items {
		if known.workloads[job.Name] || job.Name == "schema" && known.stores["auth-db"] {
			continue
		}
		for _, condition := range job.Status.Conditions {
			if condition.Type != batchv1.JobFailed || condition.Status != corev1.ConditionTrue {
				continue
			}
			mend := fmt.Sprintf("kubectl -n auth logs job/%[1]s; kubectl -n auth delete job %[1]s", job.Name)
			if job.Name == "schema" {
				mend += " && kubectl apply -k " + c.overlay()
			}
			found = append(found, finding{fmt.Sprintf("the Job %s failed (%s)", job.Name, condition.Message), mend})
		}
	}
	return found
}

func ownedBySealed(o metav1.OwnerReference) bool { return o.Kind == "SealedSecret" }

// examineIngresses asks whether somebody serves the names of the overlay.
func (c cluster) examineIngresses(ctx context.Context, current string) (found []finding) {
	if c.set == nil || len(c.set.Ingresses) == 0 {
		return nil
	}
	var list struct {
		Items []struct {
			Metadata struct {
				Name        string
				Annotations map[string]string
			}
		}
	}
	if err := c.get(ctx, "", "ingressclasses", &list); err != nil {
		return []finding{{"the IngressClasses cannot be read", "kubectl get ingressclasses"}}
	}
	standard, names := "", []string{}
	for _, class := range list.Items {
		names = append(names, class.Metadata.Name)
		if class.Metadata.Annotations["ingressclass.kubernetes.io/is-default-class"] == "true" {
			standard = class.Metadata.Name
		}
	}
	mend := fmt.Sprintf("name another in %s/kustomization.yaml", c.overlay())
	if current == "minikube" {
		mend = "minikube addons enable ingress"
	} else if len(names) == 0 {
		return nil // a cluster without an Ingress controller, such as kind: it is reached by node ports
	}
	unknown, unnamed := map[string][]string{}, []string{}
	for _, i := range c.set.Ingresses {
		switch class := i.Spec.IngressClassName; {
		case class != nil && !slices.Contains(names, *class):
			unknown[*class] = append(unknown[*class], i.Name)
		case class == nil && i.Annotations["kubernetes.io/ingress.class"] == "":
			unnamed = append(unnamed, i.Name)
		}
	}
	for _, class := range slices.Sorted(maps.Keys(unknown)) {
		found = append(found, finding{fmt.Sprintf("the Ingress of %s names the class %s, and the cluster has %s: nobody serves its names", strings.Join(unknown[class], ", "), class, cmp.Or(strings.Join(names, ", "), "none")), mend})
	}
	if len(unnamed) > 0 {
		found = append(found, finding{fmt.Sprintf("the Ingress of %s names no class, so %s serves it", strings.Join(unnamed, ", "), cmp.Or(standard, "nobody")), mend})
	}
	return append(found, c.otherClasses(ctx)...)
}

// otherClasses finds Ingresses in the cluster that are not there, or name another class than the overlay's.
func (c cluster) otherClasses(ctx context.Context) (found []finding) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ IngressClassName string }
		}
	}
	if err := c.get(ctx, credential.Namespace, "ingresses", &list); err != nil {
		return []finding{{"the Ingresses cannot be read", "kubectl -n auth get ingresses"}}
	}
	for _, want := range c.set.Ingresses {
		if want.Spec.IngressClassName == nil {
			continue
		}
		has := ""
		for _, i := range list.Items {
			if i.Metadata.Name == want.Name {
				has = cmp.Or(i.Spec.IngressClassName, "none")
			}
		}
		if has != *want.Spec.IngressClassName {
			found = append(found, finding{fmt.Sprintf("the Ingress %s in the cluster names the class %s, and git %s", want.Name, cmp.Or(has, "none, since it is not there"), *want.Spec.IngressClassName), "kubectl apply -k " + c.overlay()})
		}
	}
	return found
}

// slow is how long a pod may take to get what it mounts, before that is worth a word of its own.
const slow = 30 * time.Second
