package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// podFinding is a finding of a pod, before those of one cause are put together.
type podFinding struct {
	what string // what is wrong, after the names of the pods
	mend string // with POD for the name of the first of them
}

// examinePods finds pods that do not run, or run and are not ready, and says why. What several have in common
// is said once, and not at all if it follows from something that is known.
func (c cluster) examinePods(ctx context.Context, pods []corev1.Pod, known *causes) (found []finding) {
	names := map[podFinding][]string{}
	var order []podFinding
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded {
			continue
		}
		for _, f := range c.examinePod(ctx, pod, known) {
			known.workloads[workloadOf(pod)] = true
			if f.what == "" {
				continue // it follows from what is known
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
		found = append(found, finding{subject + ": " + f.what, strings.ReplaceAll(f.mend, "POD", names[f][0])})
	}
	return found
}

// follows is of a pod whose trouble comes from something that is told already.
func follows() []podFinding { return []podFinding{{}} }

func (c cluster) examinePod(ctx context.Context, pod corev1.Pod, known *causes) (found []podFinding) {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return []podFinding{{fmt.Sprintf("no node takes it (%s)", condition.Message), "kubectl -n auth describe pod POD"}}
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
		return nil // a Job's, which says itself how it ended
	}
	return c.unready(ctx, pod, isReady(pod), known)
}

func isReady(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// waiting says for what a container waits, or nothing if it is about to start.
func (c cluster) waiting(ctx context.Context, pod corev1.Pod, status corev1.ContainerStatus, known *causes) []podFinding {
	w := status.State.Waiting
	message := strings.Join(strings.Fields(w.Message), " ")
	switch w.Reason {
	case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName":
		mend := fmt.Sprintf("push it, or name another in %s/kustomization.yaml", c.overlay())
		if c.env == "minikube" {
			mend = "make minikube-up"
		}
		return []podFinding{{"it waits for the image " + status.Image, mend}}
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		for secret := range known.secrets {
			if strings.Contains(message, fmt.Sprintf("secret %q", secret)) {
				return follows()
			}
		}
		return []podFinding{{"it cannot start: " + message, "kubectl apply -k " + c.sealed()}}
	case "CrashLoopBackOff":
		if workloadOf(pod) == "schema" && known.stores["auth-db"] {
			return follows()
		}
		what := "it ends again and again"
		if last := c.lastLine(ctx, pod.Name); last != "" {
			what += ": " + last
		}
		return []podFinding{{what, "kubectl -n auth logs POD --previous"}}
	case "ContainerCreating", "PodInitializing":
		if c.mountsOneOf(pod, known.secrets) {
			return follows()
		}
		if c.now().Sub(pod.CreationTimestamp.Time) > slow && !pod.CreationTimestamp.IsZero() {
			return []podFinding{{fmt.Sprintf("it is not started after more than %v (%s)", slow, w.Reason), "kubectl -n auth describe pod POD"}}
		}
	}
	return nil
}

// mountsOneOf says whether a pod needs one of these Secrets before it starts.
func (c cluster) mountsOneOf(pod corev1.Pod, secrets map[string]bool) bool {
	return slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Secret != nil && secrets[v.Secret.SecretName] })
}

// lastLine is what a container that ended said at last, on one line of bearable length.
func (c cluster) lastLine(ctx context.Context, pod string) string {
	out, err := c.run(ctx, "--namespace", "auth", "logs", pod, "--previous", "--tail=1")
	if err != nil {
		return ""
	}
	return shorten(string(out))
}

func shorten(text string) string {
	const most = 240
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// unready asks a pod that runs what keeps it from serving, or from serving everything.
func (c cluster) unready(ctx context.Context, pod corev1.Pod, ready bool, known *causes) []podFinding {
	path, port := c.readiness(workloadOf(pod))
	if path == "" {
		if ready {
			return nil
		}
		if c.mountsOneOf(pod, known.secrets) {
			return follows()
		}
		return []podFinding{{"it runs and is not ready", "kubectl -n auth logs POD --all-containers --tail=20; kubectl -n auth describe pod POD"}}
	}
	answer := c.ask(ctx, pod.Name, port, path)
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
		if known.stores[store] && !c.refuses(known, store) {
			continue
		}
		if refusal := c.refusal(ctx, pod.Name, store, answer.problem(store)); refusal != "" {
			known.stores[store] = true
			known.stores["refuses "+store] = true
			found = append(found, podFinding{fmt.Sprintf("%s: %s refuses its user or password (%s), so the store has other users than git", kind, store, refusal), "go run ./cmd/platform sync --env " + c.env})
			continue
		}
		found = append(found, podFinding{fmt.Sprintf("%s: %s says that %s is down", kind, path, store), fmt.Sprintf("kubectl -n auth logs POD --tail=20; kubectl -n auth get pods -l app.kubernetes.io/name=%s", store)})
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
		return []podFinding{{fmt.Sprintf("%s: %s says that the schema of auth-db is %s", kind, path, schema), "kubectl -n auth logs job/schema; kubectl -n auth delete job schema --ignore-not-found && kubectl apply -k " + c.overlay()}}
	}
	return []podFinding{{fmt.Sprintf("%s: %s says %s", kind, path, answer.text), "kubectl -n auth logs POD --tail=20"}}
}

// refuses says whether a store was seen to refuse those who sign in: pods that it refuses too are named with it.
func (c cluster) refuses(known *causes, store string) bool { return known.stores["refuses "+store] }

// readiness is what the readiness probe of a Deployment asks, and where; empty for what is not asked by HTTP.
func (c cluster) readiness(workload string) (path, port string) {
	if c.set == nil {
		return "", ""
	}
	i := slices.IndexFunc(c.set.Deployments, func(d *appsv1.Deployment) bool { return d.Name == workload })
	if i < 0 {
		return "", ""
	}
	for _, container := range c.set.Deployments[i].Spec.Template.Spec.Containers {
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

// health is what a pod answered about itself.
type health struct {
	text   string
	fields map[string]any
}

// ask asks through the API server, so that no policy is in the way.
func (c cluster) ask(ctx context.Context, pod, port, path string) health {
	raw := []string{"get", "--raw", fmt.Sprintf("/api/v1/namespaces/auth/pods/%s:%s/proxy%s", pod, port, path)}
	out, err := c.run(ctx, raw...)
	text := string(out)
	if err != nil {
		text = oneLine(err)
		// kubectl leaves out what comes with a 503, but for its log.
		_, err := c.run(ctx, append(raw, "-v=8")...)
		if failed := (*kubectlError)(nil); errors.As(err, &failed) {
			text = cmp.Or(bodyIn(failed.stderr), text)
		}
	}
	h := health{text: shorten(text)}
	_ = json.Unmarshal([]byte(text), &h.fields) // what is no JSON is told as it is
	return h
}

// bodyIn finds the body of an answer in kubectl's log of it.
func bodyIn(log string) string {
	const before = `"Response Body" body=`
	// A body of several lines, or one that ends with a line break, stands in lines of
	// its own, between < and >.
	if _, rest, found := strings.Cut(log, before+"<\n"); found {
		body, _, _ := strings.Cut(rest, "\n >")
		return strings.TrimSpace(body)
	}
	for line := range strings.Lines(log) {
		if _, quoted, found := strings.Cut(line, before); found {
			body, _ := strconv.Unquote(strings.TrimSpace(quoted))
			return body
		}
		// Before kubectl 1.33.
		if _, body, found := strings.Cut(line, "Response Body: "); found {
			return strings.TrimSpace(body)
		}
	}
	return ""
}

// down names the stores that are down, and the state of the schema.
func (h health) down() (stores []string, schema string) {
	all := maps.Clone(h.fields)
	if nested, ok := h.fields["stores"].(map[string]any); ok {
		maps.Copy(all, nested)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] == "down" {
			stores = append(stores, name)
		}
	}
	schema, _ = h.fields["schema"].(string)
	return stores, schema
}

// problem is what the pod says itself about a store; empty if it says nothing.
func (h health) problem(store string) string {
	problems, _ := h.fields["problems"].(map[string]any)
	text, _ := problems[store].(string)
	return text
}

// refusals are what Postgres and Redis say to a user or a password that they do not know, by store.
func refusals(store string) []string {
	switch store {
	case "auth-db":
		return []string{"28P01", "28000", "password authentication failed"}
	case "session-db":
		return []string{"WRONGPASS", "NOAUTH", "NOPERM", "refuses the user or the password", "wants a password", "does not allow its user"}
	}
	return nil
}

// refusal looks in what a pod says of a store, and in its log, for a store that does
// not let it in.
func (c cluster) refusal(ctx context.Context, pod, store, problem string) string {
	out, err := c.run(ctx, "--namespace", "auth", "logs", pod, "--tail=100")
	if err != nil {
		out = nil
	}
	said := problem + "\n" + string(out)
	for _, r := range refusals(store) {
		if strings.Contains(said, r) {
			return r
		}
	}
	return ""
}
