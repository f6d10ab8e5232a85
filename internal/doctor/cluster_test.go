package doctor_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/doctor"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/secrets"
)

// controller is its Deployment, with an image.
func controller(image string) string {
	return fmt.Sprintf(`{"spec": {"template": {"spec": {"containers": [{"image": %q}]}}}, "status": {"availableReplicas": 1}}`, image)
}

// pinned is the image of the controller in the repository.
func pinned(t *testing.T) string {
	t.Helper()
	out, err := manifest.Render("../../sealed-secrets/controller")
	if err != nil {
		t.Fatal(err)
	}
	set, err := manifest.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	return set.Deployments[0].Spec.Template.Spec.Containers[0].Image
}

// secretsIn are the Secrets that came of them, with a change.
func secretsIn(t *testing.T, env string, set *manifest.Set, change func(s *corev1.Secret)) string {
	t.Helper()
	f, err := secrets.OpenFolder(clustertest.Root, env)
	if err != nil {
		t.Fatal(err)
	}
	var items []*corev1.Secret
	for _, o := range set.OfKind("SealedSecret") {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: o.Name, Namespace: "auth", OwnerReferences: []metav1.OwnerReference{{Kind: "SealedSecret", Name: o.Name}}}, Data: map[string][]byte{}}
		spec, _ := o.Content["spec"].(map[string]any)
		data, _ := spec["encryptedData"].(map[string]any)
		opened, err := f.Open(o.Name)
		for key := range data {
			s.Data[key] = []byte("sealed")
			if err == nil {
				s.Data[key] = []byte(opened.Data[key])
			}
		}
		if change != nil {
			change(s)
		}
		if s.Name != "" {
			items = append(items, s)
		}
	}
	return clustertest.List(t, items)
}

const (
	askPods     = "--namespace auth get pods"
	askAuthAPI  = "get --raw /api/v1/namespaces/auth/pods/auth-api-1:8000/proxy/readyz"
	allIsWell   = `{"status": "ok", "stores": {"auth-db": "up", "session-db": "up"}, "schema": "current"}`
	askClasses  = "get ingressclasses --all-namespaces"
	askIngress  = "--namespace auth get ingresses"
	runningPods = `{"metadata": {"name": "auth-db-0", "labels": {"app.kubernetes.io/name": "auth-db"}, "ownerReferences": [{"kind": "StatefulSet"}]}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
		{"metadata": {"name": "session-db-0", "labels": {"app.kubernetes.io/name": "session-db"}, "ownerReferences": [{"kind": "StatefulSet"}]}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}`
)

// runs is a pod of a Deployment.
func runs(name, workload, ready string) string {
	return fmt.Sprintf(`{"metadata": {"name": %q, "labels": {"app.kubernetes.io/name": %q}, "ownerReferences": [{"kind": "ReplicaSet"}]}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": %q}]}}`, name, workload, ready)
}

// apis are the names of an overlay's services; auth-api is one of them.
func apis(set *manifest.Set) (names []string) {
	for _, d := range set.Deployments {
		names = append(names, d.Name)
	}
	return names
}

// podsOf is a pod of each workload, all of them ready but perhaps auth-api's.
func podsOf(set *manifest.Set, authAPI string) string {
	all := []string{runningPods}
	for _, name := range apis(set) {
		ready := "True"
		if name == "auth-api" {
			ready = authAPI
		}
		all = append(all, runs(name+"-1", name, ready))
	}
	return items(all...)
}

func items(all ...string) string { return `{"items": [` + strings.Join(all, ",") + `]}` }

// rolledOut are Deployments, or StatefulSets, that are done.
func rolledOut(names ...string) string {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf(`{"metadata": {"name": %q, "generation": 3}, "spec": {"replicas": 1}, "status": {"observedGeneration": 3, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}}`, name))
	}
	return items(all...)
}

// healthy is a cluster that has an overlay.
func healthy(t *testing.T, env, image string, set *manifest.Set) clustertest.Recorded {
	t.Helper()
	var ingresses []clustertest.Object
	for _, i := range set.Ingresses {
		ingresses = append(ingresses, clustertest.Object{"metadata": clustertest.Object{"name": i.Name}, "spec": clustertest.Object{"ingressClassName": i.Spec.IngressClassName}})
	}
	answers := clustertest.Recorded{
		"config current-context": "minikube\n",
		"get --raw /readyz":      "ok",
		"version":                `{"clientVersion": {"gitVersion": "v1.37.2", "minor": "37"}}`,
		"--namespace sealed-secrets get deployment/sealed-secrets": controller("docker.io/" + image),
		"get services --all-namespaces":                            `{"items": [{"metadata": {"name": "auth-api", "namespace": "auth"}, "spec": {"ports": [{"port": 80, "nodePort": 30080}]}}]}`,
		"get persistentvolumes --all-namespaces":                   `{"items": [{"metadata": {"name": "auth-db"}, "spec": {"claimRef": {"namespace": "auth", "name": "data-auth-db-0"}}, "status": {"phase": "Bound"}}]}`,
		"get namespace auth":                                       "auth",
		clustertest.AskKeys:                                        clustertest.KeysIn(t, "../../sealed-secrets/"+env+"/certificate.pem"),
		clustertest.AskSealed:                                      clustertest.SealedIn(t, set, nil),
		clustertest.AskSecrets:                                     secretsIn(t, env, set, nil),
		askPods:                                                    podsOf(set, "True"),
		askAuthAPI:                                                 allIsWell,
		"--namespace auth get deployments":                         rolledOut(apis(set)...),
		"--namespace auth get statefulsets":                        rolledOut("auth-db", "session-db"),
		"--namespace auth get jobs":                                items(),
		askClasses:                                                 `{"items": [{"metadata": {"name": "traefik"}}]}`,
		askIngress:                                                 clustertest.List(t, ingresses),
		"get daemonsets --all-namespaces":                          `{"items": [{"metadata": {"name": "kube-proxy"}}, {"metadata": {"name": "calico-node"}}]}`,
	}
	for _, name := range apis(set) {
		if name != "auth-api" {
			answers["get --raw /api/v1/namespaces/auth/pods/"+name+"-1:8000/proxy/readyz"] = `{"status": "ok", "session-db": "up"}`
		}
	}
	return answers
}

func TestEachProblemInTheClusterIsReportedOnceWithItsFix(t *testing.T) {
	image := pinned(t)
	sets := map[string]*manifest.Set{}
	for _, env := range []string{"minikube", "gke"} {
		set, err := cluster.Render("../..", env)
		if err != nil {
			t.Fatal(err)
		}
		sets[env] = set
	}
	one := func(env, name string, change func(o clustertest.Object)) string {
		return clustertest.SealedIn(t, sets[env], func(n string, o clustertest.Object) {
			if n == name {
				change(o)
			}
		})
	}
	synced := func(env, message string) string {
		return one(env, "auth-db-credentials", func(o clustertest.Object) { o["status"] = clustertest.Failed(message) })
	}
	closed := func(env, message string) string {
		return clustertest.SealedIn(t, sets[env], func(_ string, o clustertest.Object) { o["status"] = clustertest.Failed(message) })
	}
	edited := func(env, name string, change func(s *corev1.Secret)) string {
		return secretsIn(t, env, sets[env], func(s *corev1.Secret) {
			if s.Name == name {
				change(s)
			}
		})
	}
	waits := func(reason, message string) string {
		return items(`{"metadata": {"name": "auth-api-1", "labels": {"app.kubernetes.io/name": "auth-api"}}, "status": {"phase": "Pending", "containerStatuses": [{"image": "localhost:5000/auth-api:dev", "state": {"waiting": {"reason": "` + reason + `", "message": "` + message + `"}}}]}}`)
	}
	rollout := func(name, spec, status string) string {
		all := []string{fmt.Sprintf(`{"metadata": {"name": %q, "generation": 3}, "spec": {%s}, "status": {%s}}`, name, spec, status)}
		for _, other := range apis(sets["minikube"]) {
			if other != name {
				all = append(all, fmt.Sprintf(`{"metadata": {"name": %q}, "spec": {}, "status": {"readyReplicas": 1, "updatedReplicas": 1}}`, other))
			}
		}
		return items(all...)
	}
	names := apis(sets["minikube"])
	last := names[len(names)-1]
	class := fmt.Sprintf("%q", *sets["minikube"].Ingresses[0].Spec.IngressClassName)
	unready := podsOf(sets["minikube"], "False")
	const gone = `{"status": "unavailable", "stores": {"auth-db": "down", "session-db": "up"}, "schema": "unknown"}`
	gke := clustertest.Recorded{"config current-context": "gke_books_europe\n"}
	on := func(env clustertest.Recorded, change clustertest.Recorded) clustertest.Recorded {
		maps.Copy(change, env)
		return change
	}
	byHand := []metav1.ManagedFieldsEntry{{Manager: "kubectl-edit", FieldsV1: metav1.NewFieldsV1(`{"f:data": {}}`)}}
	for name, c := range map[string]struct {
		env       string
		change    clustertest.Recorded // without an output: the command fails
		says, fix string
	}{
		"well":                {"minikube", nil, "", ""},
		"well on GKE":         {"gke", on(gke, clustertest.Recorded{}), "", ""},
		"no kubectl":          {"minikube", clustertest.Recorded{"config current-context": ""}, "kubectl is not on PATH", "kubernetes.io/docs/tasks/tools"},
		"wrong context":       {"minikube", on(gke, clustertest.Recorded{}), `context "gke_books_europe" is not for development`, "kubectl config use-context minikube"},
		"development context": {"gke", nil, `context "minikube" is for development, and gke is not`, "kubectl config get-contexts"},
		"no cluster":          {"minikube", clustertest.Recorded{"get --raw /readyz": ""}, `the cluster of "minikube" does not answer`, "minikube start"},
		"old kubectl":         {"minikube", clustertest.Recorded{"version": `{"clientVersion": {"gitVersion": "v1.26.1", "minor": "26"}}`}, "kubectl v1.26.1 is too old", "install kubectl 1.27"},
		"nothing applied":     {"minikube", clustertest.Recorded{"get namespace auth": ""}, "nothing is applied yet", "kubectl apply -k kustomize/overlays/minikube"},
		"no controller":       {"minikube", clustertest.Recorded{"--namespace sealed-secrets get deployment/sealed-secrets": ""}, "the controller of sealed secrets is not there", "kubectl apply -k sealed-secrets/controller"},
		"no controller, and its effects": {"minikube", clustertest.Recorded{"--namespace sealed-secrets get deployment/sealed-secrets": "", clustertest.AskKeys: " ", clustertest.AskSecrets: items(), askPods: waits("CreateContainerConfigError", `secret \"auth-db-credentials\" not found`),
			clustertest.AskSealed: clustertest.SealedIn(t, sets["minikube"], func(_ string, o clustertest.Object) { delete(o, "status") })}, "the controller of sealed secrets is not there", "kubectl apply -k sealed-secrets/controller"},
		"another controller": {"minikube", clustertest.Recorded{"--namespace sealed-secrets get deployment/sealed-secrets": controller(image + "-old")},
			image + "-old, and not " + image, "kubectl apply -k sealed-secrets/controller"},
		"a Secret by hand": {"minikube", clustertest.Recorded{clustertest.AskSealed: synced("minikube", `failed update: Resource "auth-db-credentials" already exists and is not managed by SealedSecret`)},
			"a Secret auth-db-credentials that was made by hand", "kubectl -n auth delete secret auth-db-credentials"},
		"no key": {"minikube", clustertest.Recorded{clustertest.AskSealed: synced("minikube", `no key could decrypt secret (password, user)`)}, "does not have the key that opens auth-db-credentials", "kubectl apply -k sealed-secrets/minikube/key && kubectl -n sealed-secrets rollout restart"},
		"no key for all, and what follows": {"minikube", clustertest.Recorded{clustertest.AskKeys: clustertest.KeysIn(t, "../../sealed-secrets/gke/certificate.pem"), clustertest.AskSealed: closed("minikube", `no key could decrypt secret (password, user)`), clustertest.AskSecrets: items(),
			askPods: items(`{"metadata": {"name": "auth-db-0", "ownerReferences": [{"kind": "StatefulSet"}]}, "spec": {"volumes": [{"name": "users", "secret": {"secretName": "auth-db-users"}}]}, "status": {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}}`)},
			"the cluster does not have the development key", "kubectl apply -k sealed-secrets/minikube/key && kubectl -n sealed-secrets rollout restart"},
		"no key on GKE": {"gke", on(gke, clustertest.Recorded{clustertest.AskSealed: synced("gke", `no key could decrypt secret (password, user)`)}),
			"does not have the key that opens auth-db-credentials", "go run ./cmd/platform seal --env gke --replace"},
		"the public key on GKE": {"gke", on(gke, clustertest.Recorded{clustertest.AskKeys: clustertest.KeysIn(t, "../../sealed-secrets/gke/certificate.pem", "../../sealed-secrets/minikube/certificate.pem")}),
			"the development sealing key, which is public", "delete secret development-sealing-key"},
		"another value": {"minikube", clustertest.Recorded{clustertest.AskSealed: synced("minikube", "Secret is invalid: data: Forbidden: field is immutable when `immutable` is set")},
			"auth-db-credentials is sealed with another value under the same name", "go run ./cmd/platform rotate --env minikube"},
		"something else": {"minikube", clustertest.Recorded{clustertest.AskSealed: synced("minikube", "the moon\nis full")}, "does not open auth-db-credentials (the moon is full)", "logs deployment/sealed-secrets"},
		"sealed with another content than in git": {"minikube", clustertest.Recorded{clustertest.AskSealed: one("minikube", "session-db-verifier", func(o clustertest.Object) {
			o["spec"] = clustertest.Object{"encryptedData": clustertest.Object{"password": "Agx"}}
		})},
			"session-db-verifier in the cluster is sealed with another content than in git", "go run ./cmd/platform sync --env minikube"},
		"not applied": {"minikube", clustertest.Recorded{clustertest.AskSealed: one("minikube", "session-db-verifier", func(o clustertest.Object) { o["metadata"].(clustertest.Object)["name"] = "another" })},
			"git has session-db-verifier sealed, and the cluster does not", "kubectl apply -k sealed-secrets/minikube"},
		"left from a rotation": {"minikube", clustertest.Recorded{clustertest.AskSealed: strings.Replace(clustertest.SealedIn(t, sets["minikube"], nil), `"items":[`, `"items":[{"metadata": {"name": "session-db-verifier-v2"}, "status": {"conditions": [{"type": "Synced", "status": "True"}]}},`, 1)},
			"the cluster has session-db-verifier-v2, and git does not", "kubectl -n auth delete sealedsecret session-db-verifier-v2"},
		"not processed": {"minikube", clustertest.Recorded{clustertest.AskSealed: one("minikube", "session-db-verifier", func(o clustertest.Object) { o["metadata"].(clustertest.Object)["generation"] = 3 })},
			"the controller has not processed session-db-verifier since the last change", "rollout restart deployment/sealed-secrets"},
		"no Secret": {"minikube", clustertest.Recorded{clustertest.AskSecrets: edited("minikube", "session-db-users", func(s *corev1.Secret) { s.Name = "" })},
			"session-db needs the Secret session-db-users", "kubectl apply -k sealed-secrets/minikube"},
		"a value by hand": {"minikube", clustertest.Recorded{clustertest.AskSecrets: edited("minikube", "session-db-users", func(s *corev1.Secret) { s.Data["users.acl"] = []byte("hush") })},
			"the Secret session-db-users is not what git has sealed: the value of users.acl differs", "kubectl -n auth delete secret session-db-users && go run ./cmd/platform sync --env minikube"},
		"a value by hand on GKE": {"gke", on(gke, clustertest.Recorded{clustertest.AskSecrets: edited("gke", "session-db-users", func(s *corev1.Secret) { s.ManagedFields = byHand })}),
			"the Secret session-db-users is not what git has sealed: it was changed by hand with kubectl-edit", "kubectl -n auth delete secret session-db-users"},
		"a key by hand on GKE": {"gke", on(gke, clustertest.Recorded{clustertest.AskSecrets: edited("gke", "session-db-users", func(s *corev1.Secret) { delete(s.Data, "version") })}),
			"it has the keys password, users.acl, and not password, users.acl, version", "kubectl -n auth delete secret session-db-users"},
		"Released volume": {"minikube", clustertest.Recorded{"get persistentvolumes --all-namespaces": `{"items": [{"metadata": {"name": "auth-db"}, "spec": {"claimRef": {"namespace": "auth"}}, "status": {"phase": "Released"}}]}`},
			"the volume auth-db is Released", "kubectl patch pv auth-db"},
		"taken node port": {"minikube", clustertest.Recorded{"get services --all-namespaces": `{"items": [{"metadata": {"name": "squatter", "namespace": "shop"}, "spec": {"ports": [{"port": 80, "nodePort": 30080}]}}]}`},
			"node port 30080 is taken by the Service squatter in shop", "kubectl -n shop delete service squatter"},
		"an image that is missing": {"minikube", clustertest.Recorded{askPods: waits("ImagePullBackOff", "")}, "the pod auth-api-1: it waits for the image localhost:5000/auth-api:dev", "make minikube-up"},
		"an image that is missing on GKE": {"gke", on(gke, clustertest.Recorded{askPods: waits("ErrImagePull", "")}),
			"waits for the image", "kustomize/overlays/gke/kustomization.yaml"},
		"a secret that a pod waits for": {"minikube", clustertest.Recorded{askPods: waits("CreateContainerConfigError", `secret \"auth-db-credentials-v2\" not found`)},
			`the pod auth-api-1: it cannot start: secret "auth-db-credentials-v2" not found`, "kubectl apply -k sealed-secrets/minikube"},
		"a crash": {"minikube", clustertest.Recorded{askPods: waits("CrashLoopBackOff", ""), "--namespace auth logs auth-api-1 --previous --tail=1": "AUTH_DB_URL: hush\n"}, "auth-api-1: it keeps crashing: AUTH_DB_URL: hush", "kubectl -n auth logs auth-api-1 --previous"},
		"a mount that does not come": {"minikube", clustertest.Recorded{askPods: strings.Replace(waits("ContainerCreating", ""), `"name": "auth-api-1"`, `"name": "auth-api-1", "creationTimestamp": "2026-01-01T00:00:00Z"`, 1)},
			"auth-api-1: it has not started after 30s", "kubectl -n auth describe pod auth-api-1"},
		"no node": {"minikube", clustertest.Recorded{askPods: `{"items": [{"metadata": {"name": "auth-db-0"}, "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]}}]}`},
			"the pod auth-db-0: it cannot be scheduled (0/1 nodes are available)", "kubectl -n auth describe pod auth-db-0"},
		"a wrong password, and what follows": {"minikube", clustertest.Recorded{
			askPods:    items(runningPods, runs("auth-api-1", "auth-api", "False"), `{"metadata": {"name": "schema-1", "labels": {"app.kubernetes.io/name": "schema"}, "ownerReferences": [{"kind": "Job"}]}, "status": {"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}}`),
			askAuthAPI: gone, "--namespace auth logs auth-api-1 --tail=100": `FATAL: password authentication failed for user "auth_v1" (SQLSTATE 28P01)`,
			"--namespace auth get deployments": rollout("auth-api", "", `"observedGeneration": 3, "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]`),
			"--namespace auth get jobs":        `{"items": [{"metadata": {"name": "schema"}, "status": {"conditions": [{"type": "Failed", "status": "True"}]}}]}`,
		}, "the pod auth-api-1: it runs and is not ready: auth-db refuses its user or password (28P01)", "go run ./cmd/platform sync --env minikube"},
		"a wrong password while the pod still serves": {"minikube", clustertest.Recorded{askAuthAPI: strings.Replace(gone, "unavailable", "degraded", 1), "--namespace auth logs auth-api-1 --tail=100": "28P01"},
			"the pod auth-api-1: it serves only in part: auth-db refuses its user or password", "go run ./cmd/platform sync"},
		"a store that is away, and what follows": {"minikube", clustertest.Recorded{askPods: items(strings.Replace(runningPods, `"status": "True"`, `"status": "False"`, 1), runs("auth-api-1", "auth-api", "False")), askAuthAPI: gone},
			"the pod auth-db-0: it runs and is not ready", "kubectl -n auth logs auth-db-0"},
		"a store that is down":    {"minikube", clustertest.Recorded{askPods: unready, askAuthAPI: gone}, "auth-api-1: it runs and is not ready: /readyz says that auth-db is down", "kubectl -n auth logs auth-api-1"},
		"a schema that is behind": {"minikube", clustertest.Recorded{askPods: unready, askAuthAPI: strings.Replace(allIsWell, "current", "behind", 1)}, "the schema of auth-db is behind", "delete job schema"},
		"a pod that does not say": {"minikube", clustertest.Recorded{askPods: unready, askAuthAPI: `{"status": "stopping"}`}, `/readyz says {"status": "stopping"}`, "kubectl -n auth logs auth-api-1"},
		"a rollout that is stuck": {"minikube", clustertest.Recorded{"--namespace auth get deployments": rollout("auth-api", "", `"observedGeneration": 3, "readyReplicas": 1, "updatedReplicas": 1, "conditions": [{"type": "Progressing", "status": "False", "message": "has timed out progressing"}]`)},
			"the rollout of deployment/auth-api is stuck: has timed out progressing", "kubectl -n auth describe deployment/auth-api"},
		"pods that may not be made": {"minikube", clustertest.Recorded{"--namespace auth get deployments": rollout("auth-api", "", `"observedGeneration": 3, "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]`)},
			"is stuck: exceeded quota", "kubectl -n auth describe deployment/auth-api"},
		"a rollout that is not done":       {"minikube", clustertest.Recorded{"--namespace auth get deployments": rollout("auth-api", "", `"observedGeneration": 3, "readyReplicas": 1`)}, "is not complete: of 1 pods 0 are new and 1 ready", "rollout status deployment/auth-api"},
		"a rollout that is paused":         {"minikube", clustertest.Recorded{"--namespace auth get deployments": rollout("auth-api", `"paused": true`, `"observedGeneration": 3, "readyReplicas": 1`)}, "is paused", "rollout resume deployment/auth-api"},
		"what no controller has processed": {"minikube", clustertest.Recorded{"--namespace auth get deployments": strings.ReplaceAll(rolledOut(names...), `"observedGeneration": 3`, `"observedGeneration": 2`)}, "controllers have not processed " + strings.Join(names, ", ") + " since the last change", "kubectl -n kube-system get pods"},
		"nothing runs":                     {"minikube", clustertest.Recorded{"--namespace auth get statefulsets": strings.Replace(rolledOut("session-db", "auth-db"), `"replicas": 1`, `"replicas": 0`, 1)}, "statefulset/session-db is scaled to no pods", "scale statefulset/session-db --replicas=1"},
		"a workload that is missing":       {"minikube", clustertest.Recorded{"--namespace auth get deployments": rolledOut(names[:len(names)-1]...)}, "the cluster has no " + last, "kubectl apply -k kustomize/overlays/minikube"},
		"schema": {"minikube", clustertest.Recorded{"--namespace auth get jobs": `{"items": [{"metadata": {"name": "schema"}, "status": {"conditions": [{"type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit"}]}}]}`},
			"the Job schema failed (Job has reached", "kubectl -n auth logs job/schema"},
		"a class that is not there": {"minikube", clustertest.Recorded{askClasses: `{"items": [{"metadata": {"name": "other", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}}]}`},
			"names the class traefik, and the cluster has other", "kubectl apply -k kustomize/traefik/controller"},
		"an Ingress of another class": {"minikube", clustertest.Recorded{askIngress: strings.Replace(healthy(t, "minikube", image, sets["minikube"])[askIngress], class, `"other"`, 1)},
			"the Ingress auth-api in the cluster names the class other, and git traefik", "kubectl apply -k kustomize/overlays/minikube"},
		"policies": {"minikube", clustertest.Recorded{"get daemonsets --all-namespaces": `{"items": [{"metadata": {"name": "kindnet"}}]}`}, "does not seem to enforce network policies", "make minikube-up"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := healthy(t, c.env, image, sets[c.env])
			maps.Copy(answers, c.change)
			maps.DeleteFunc(answers, func(_, out string) bool { return out == "" })
			in := answers.Cluster(clustertest.Root, c.env)
			in.Set = sets[c.env]
			found := doctor.Cluster(t.Context(), in)
			if c.says == "" && len(found) == 0 {
				return
			}
			if len(found) != 1 || c.says == "" || !strings.Contains(found[0].Problem, c.says) || !strings.Contains(found[0].Fix, c.fix) || strings.Contains(found[0].Problem+found[0].Fix, "\n") {
				t.Errorf("%q, want %q and %q", found, c.says, c.fix)
			}
		})
	}
}
