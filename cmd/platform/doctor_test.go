package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"auth.books.test/internal/manifest"
)

// recorded answers as kubectl would, by the arguments without the format.
type recorded map[string]string

func (r recorded) run(_ context.Context, args ...string) ([]byte, error) {
	command := strings.TrimSuffix(strings.Join(args, " "), " -o json")
	if out, found := r[command]; found {
		return []byte(out), nil
	}
	return nil, errors.New("exit status 1")
}

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

// inList is a List of objects, as kubectl prints it.
func inList(t *testing.T, items any) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"kind": "List", "items": items})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

type object = map[string]any

// sealedIn are the SealedSecrets of an overlay as the cluster has them, with a change.
func sealedIn(t *testing.T, set *manifest.Set, change func(name string, o object)) string {
	t.Helper()
	var items []object
	for _, s := range set.OfKind("SealedSecret") {
		o := object{
			"metadata": object{"name": s.Name, "generation": 2},
			"spec":     s.Content["spec"],
			"status":   object{"observedGeneration": 2, "conditions": []object{{"type": "Synced", "status": "True"}}},
		}
		if change != nil {
			change(s.Name, o)
		}
		items = append(items, o)
	}
	return inList(t, items)
}

// failed is the status of a SealedSecret that is not opened.
func failed(message string) object {
	return object{"observedGeneration": 2, "conditions": []object{{"type": "Synced", "status": "False", "message": message}}}
}

// secretsIn are the Secrets that came of them, with a change.
func secretsIn(t *testing.T, env string, set *manifest.Set, change func(s *corev1.Secret)) string {
	t.Helper()
	f, err := openFolder("../..", env)
	if err != nil {
		t.Fatal(err)
	}
	var items []*corev1.Secret
	for _, o := range set.OfKind("SealedSecret") {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: o.Name, Namespace: "auth", OwnerReferences: []metav1.OwnerReference{{Kind: "SealedSecret", Name: o.Name}}}, Data: map[string][]byte{}}
		spec, _ := o.Content["spec"].(map[string]any)
		data, _ := spec["encryptedData"].(map[string]any)
		opened, err := f.open(o.Name)
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
	return inList(t, items)
}

// keysIn are the controller's keys, as keysFormat has kubectl print them.
func keysIn(t *testing.T, files ...string) string {
	t.Helper()
	var lines strings.Builder
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&lines, "key-%d %s active\n", i, base64.StdEncoding.EncodeToString(text))
	}
	return lines.String()
}

const (
	askSealed   = "--namespace auth get sealedsecrets"
	askSecrets  = "--namespace auth get secrets --show-managed-fields"
	askPods     = "--namespace auth get pods"
	askKeys     = "--namespace sealed-secrets get secrets -l " + keyLabel + " -o " + keysFormat
	askAuthAPI  = "get --raw /api/v1/namespaces/auth/pods/auth-api-1:8000/proxy/readyz"
	allIsWell   = `{"status": "ok", "stores": {"auth-db": "up", "session-db": "up"}, "schema": "current"}`
	askNames    = "--namespace auth get secrets -o " + namesFormat
	askClasses  = "get ingressclasses --all-namespaces"
	askIngress  = "--namespace auth get ingresses"
	runningPods = `{"metadata": {"name": "auth-db-0", "labels": {"app.kubernetes.io/name": "auth-db"}, "ownerReferences": [{"kind": "StatefulSet"}]}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
		{"metadata": {"name": "session-db-0", "labels": {"app.kubernetes.io/name": "session-db"}, "ownerReferences": [{"kind": "StatefulSet"}]}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}`
)

// runs is a pod of a Deployment.
func runs(name, workload, ready string) string {
	return fmt.Sprintf(`{"metadata": {"name": %q, "labels": {"app.kubernetes.io/name": %q}, "ownerReferences": [{"kind": "ReplicaSet"}]}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": %q}]}}`, name, workload, ready)
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
func healthy(t *testing.T, env, image string, set *manifest.Set) recorded {
	t.Helper()
	var ingresses []object
	for _, i := range set.Ingresses {
		ingresses = append(ingresses, object{"metadata": object{"name": i.Name}, "spec": object{"ingressClassName": i.Spec.IngressClassName}})
	}
	return recorded{
		"config current-context": "minikube\n",
		"get --raw /readyz":      "ok",
		"version":                `{"clientVersion": {"gitVersion": "v1.37.2", "minor": "37"}}`,
		"--namespace sealed-secrets get deployment/sealed-secrets": controller("docker.io/" + image),
		"get services --all-namespaces":                            `{"items": [{"metadata": {"name": "auth-api", "namespace": "auth"}, "spec": {"ports": [{"port": 80, "nodePort": 30080}]}}]}`,
		"get persistentvolumes --all-namespaces":                   `{"items": [{"metadata": {"name": "auth-db"}, "spec": {"claimRef": {"namespace": "auth", "name": "data-auth-db-0"}}, "status": {"phase": "Bound"}}]}`,
		"get namespace auth":                                       "auth",
		askKeys:                                                    keysIn(t, "../../sealed-secrets/"+env+"/certificate.pem"),
		askSealed:                                                  sealedIn(t, set, nil),
		askSecrets:                                                 secretsIn(t, env, set, nil),
		askPods:                                                    items(runningPods, runs("auth-api-1", "auth-api", "True"), runs("helloworld-1", "helloworld", "True")),
		askAuthAPI:                                                 allIsWell,
		"get --raw /api/v1/namespaces/auth/pods/helloworld-1:8000/proxy/readyz": `{"status": "ok", "session-db": "up"}`,
		"--namespace auth get deployments":                                      rolledOut("auth-api", "helloworld"),
		"--namespace auth get statefulsets":                                     rolledOut("auth-db", "session-db"),
		"--namespace auth get jobs":                                             items(),
		askClasses:                                                              `{"items": [{"metadata": {"name": "nginx"}}]}`,
		askIngress:                                                              inList(t, ingresses),
		"get daemonsets --all-namespaces":                                       `{"items": [{"metadata": {"name": "kube-proxy"}}, {"metadata": {"name": "calico-node"}}]}`,
	}
}

// As kubectl 1.37 and 1.30 write it with -v=8.
func TestTheBodyOfA503IsFoundInKubectlsLog(t *testing.T) {
	t.Parallel()
	for log, want := range map[string]string{
		`I1126 05:03:59.785583   12297 round_trippers.go:632] "Response" status="503 Service Unavailable" headers=<` + "\n" +
			`I1126 05:03:59.785848   12297 get.go:174] "Response Body" body="{\"status\":\"unavailable\",\"session-db\":\"down\"}"` + "\n": `{"status":"unavailable","session-db":"down"}`,
		`I1126 05:03:59.785848   12297 request.go:1212] Response Body: {"status":"unavailable"}` + "\nError from server\n":                     `{"status":"unavailable"}`,
		`I1126 05:35:05.010907    4385 get.go:174] "Response Body" body=<` + "\n\t" + `{"status":"unavailable"}` + "\n >\nError from server\n": `{"status":"unavailable"}`,
		"Error from server (NotFound)": "",
	} {
		if got := bodyIn(log); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	answers := func(_ context.Context, args ...string) ([]byte, error) {
		stderr := "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
		if args[len(args)-1] == "-v=8" {
			stderr = `"Response Body" body="{\"session-db\":\"down\"}"` + "\n" + stderr
		}
		return nil, &kubectlError{errors.New("exit status 1"), stderr}
	}
	if down, _ := (cluster{run: answers}).ask(t.Context(), "a", "8000", "/readyz").down(); len(down) != 1 || down[0] != "session-db" {
		t.Errorf("%v", down)
	}
}

func TestDoctorSaysWhatIsWrongInTheCluster(t *testing.T) {
	image := pinned(t)
	sets := map[string]*manifest.Set{}
	for _, env := range []string{"minikube", "gke"} {
		set, err := rendered("../..", env)
		if err != nil {
			t.Fatal(err)
		}
		sets[env] = set
	}
	one := func(env, name string, change func(o object)) string {
		return sealedIn(t, sets[env], func(n string, o object) {
			if n == name {
				change(o)
			}
		})
	}
	synced := func(env, message string) string {
		return one(env, "auth-db-credentials", func(o object) { o["status"] = failed(message) })
	}
	closed := func(env, message string) string {
		return sealedIn(t, sets[env], func(_ string, o object) { o["status"] = failed(message) })
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
		return items(fmt.Sprintf(`{"metadata": {"name": %q, "generation": 3}, "spec": {%s}, "status": {%s}}`, name, spec, status),
			`{"metadata": {"name": "helloworld"}, "spec": {}, "status": {"readyReplicas": 1, "updatedReplicas": 1}}`)
	}
	unready := items(runningPods, runs("auth-api-1", "auth-api", "False"), runs("helloworld-1", "helloworld", "True"))
	const gone = `{"status": "unavailable", "stores": {"auth-db": "down", "session-db": "up"}, "schema": "unknown"}`
	gke := recorded{"config current-context": "gke_books_europe\n"}
	on := func(env recorded, change recorded) recorded { maps.Copy(change, env); return change }
	byHand := []metav1.ManagedFieldsEntry{{Manager: "kubectl-edit", FieldsV1: metav1.NewFieldsV1(`{"f:data": {}}`)}}
	for name, c := range map[string]struct {
		env        string
		change     recorded // without an output: the command fails
		says, mend string
	}{
		"well":                {"minikube", nil, "", ""},
		"well on GKE":         {"gke", on(gke, recorded{}), "", ""},
		"no kubectl":          {"minikube", recorded{"config current-context": ""}, "kubectl is not on PATH", "kubernetes.io/docs/tasks/tools"},
		"wrong context":       {"minikube", on(gke, recorded{}), `context "gke_books_europe" is not for development`, "kubectl config use-context minikube"},
		"development context": {"gke", nil, `context "minikube" is for development, and gke is not`, "kubectl config get-contexts"},
		"no cluster":          {"minikube", recorded{"get --raw /readyz": ""}, `the cluster of "minikube" does not answer`, "minikube start"},
		"old kubectl":         {"minikube", recorded{"version": `{"clientVersion": {"gitVersion": "v1.26.1", "minor": "26"}}`}, "kubectl v1.26.1 renders", "install kubectl 1.27"},
		"nothing applied":     {"minikube", recorded{"get namespace auth": ""}, "nothing is applied yet", "kubectl apply -k kustomize/overlays/minikube"},
		"no controller":       {"minikube", recorded{"--namespace sealed-secrets get deployment/sealed-secrets": ""}, "the controller of sealed secrets is not there", "kubectl apply -k sealed-secrets/controller"},
		"no controller, and what follows from it": {"minikube", recorded{"--namespace sealed-secrets get deployment/sealed-secrets": "", askKeys: " ", askSecrets: items(), askPods: waits("CreateContainerConfigError", `secret \"auth-db-credentials\" not found`),
			askSealed: sealedIn(t, sets["minikube"], func(_ string, o object) { delete(o, "status") })}, "the controller of sealed secrets is not there", "kubectl apply -k sealed-secrets/controller"},
		"another controller": {"minikube", recorded{"--namespace sealed-secrets get deployment/sealed-secrets": controller(image + "-old")},
			image + "-old, and not " + image, "kubectl apply -k sealed-secrets/controller"},
		"a Secret by hand": {"minikube", recorded{askSealed: synced("minikube", `failed update: Resource "auth-db-credentials" already exists and is not managed by SealedSecret`)},
			"a Secret auth-db-credentials that was made by hand", "kubectl -n auth delete secret auth-db-credentials"},
		"no key": {"minikube", recorded{askSealed: synced("minikube", `no key could decrypt secret (password, user)`)}, "has not the key that opens auth-db-credentials", "kubectl apply -k sealed-secrets/minikube/key && kubectl -n sealed-secrets rollout restart"},
		"no key for all, and what follows": {"minikube", recorded{askKeys: keysIn(t, "../../sealed-secrets/gke/certificate.pem"), askSealed: closed("minikube", `no key could decrypt secret (password, user)`), askSecrets: items(),
			askPods: items(`{"metadata": {"name": "auth-db-0", "ownerReferences": [{"kind": "StatefulSet"}]}, "spec": {"volumes": [{"name": "users", "secret": {"secretName": "auth-db-users"}}]}, "status": {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}}`)},
			"the cluster has not the development key", "kubectl apply -k sealed-secrets/minikube/key && kubectl -n sealed-secrets rollout restart"},
		"no key on GKE": {"gke", on(gke, recorded{askSealed: synced("gke", `no key could decrypt secret (password, user)`)}),
			"has not the key that opens auth-db-credentials", "go run ./cmd/platform seal --env gke --replace"},
		"the public key on GKE": {"gke", on(gke, recorded{askKeys: keysIn(t, "../../sealed-secrets/gke/certificate.pem", "../../sealed-secrets/minikube/certificate.pem")}),
			"the development sealing key, which is public", "delete secret development-sealing-key"},
		"another value": {"minikube", recorded{askSealed: synced("minikube", "Secret is invalid: data: Forbidden: field is immutable when `immutable` is set")},
			"auth-db-credentials is sealed with another value under the same name", "go run ./cmd/platform rotate --env minikube"},
		"something else": {"minikube", recorded{askSealed: synced("minikube", "the moon\nis full")}, "does not open auth-db-credentials (the moon is full)", "logs deployment/sealed-secrets"},
		"sealed otherwise than git": {"minikube", recorded{askSealed: one("minikube", "session-db-verifier", func(o object) { o["spec"] = object{"encryptedData": object{"password": "Agx"}} })},
			"the cluster has session-db-verifier sealed otherwise than git", "go run ./cmd/platform sync --env minikube"},
		"not applied": {"minikube", recorded{askSealed: one("minikube", "session-db-verifier", func(o object) { o["metadata"].(object)["name"] = "another" })},
			"git has session-db-verifier sealed, and the cluster does not", "kubectl apply -k sealed-secrets/minikube"},
		"left from a rotation": {"minikube", recorded{askSealed: strings.Replace(sealedIn(t, sets["minikube"], nil), `"items":[`, `"items":[{"metadata": {"name": "session-db-verifier-v2"}, "status": {"conditions": [{"type": "Synced", "status": "True"}]}},`, 1)},
			"the cluster has session-db-verifier-v2, and git does not", "kubectl -n auth delete sealedsecret session-db-verifier-v2"},
		"not looked at": {"minikube", recorded{askSealed: one("minikube", "session-db-verifier", func(o object) { o["metadata"].(object)["generation"] = 3 })},
			"the controller has not looked at session-db-verifier as it is now", "rollout restart deployment/sealed-secrets"},
		"no Secret": {"minikube", recorded{askSecrets: edited("minikube", "session-db-users", func(s *corev1.Secret) { s.Name = "" })},
			"session-db needs the Secret session-db-users", "kubectl apply -k sealed-secrets/minikube"},
		"a value by hand": {"minikube", recorded{askSecrets: edited("minikube", "session-db-users", func(s *corev1.Secret) { s.Data["users.acl"] = []byte("hush") })},
			"the Secret session-db-users is not what git has sealed: the value of users.acl is another", "kubectl -n auth delete secret session-db-users && go run ./cmd/platform sync --env minikube"},
		"a value by hand on GKE": {"gke", on(gke, recorded{askSecrets: edited("gke", "session-db-users", func(s *corev1.Secret) { s.ManagedFields = byHand })}),
			"the Secret session-db-users is not what git has sealed: it was changed by hand with kubectl-edit", "kubectl -n auth delete secret session-db-users"},
		"a key by hand on GKE": {"gke", on(gke, recorded{askSecrets: edited("gke", "session-db-users", func(s *corev1.Secret) { delete(s.Data, "version") })}),
			"it has the keys password, users.acl, and not password, users.acl, version", "kubectl -n auth delete secret session-db-users"},
		"Released volume": {"minikube", recorded{"get persistentvolumes --all-namespaces": `{"items": [{"metadata": {"name": "auth-db"}, "spec": {"claimRef": {"namespace": "auth"}}, "status": {"phase": "Released"}}]}`},
			"the volume auth-db is Released", "kubectl patch pv auth-db"},
		"taken node port": {"minikube", recorded{"get services --all-namespaces": `{"items": [{"metadata": {"name": "squatter", "namespace": "shop"}, "spec": {"ports": [{"port": 80, "nodePort": 30080}]}}]}`},
			"node port 30080 is taken by the Service squatter in shop", "kubectl -n shop delete service squatter"},
		"an image that is missing": {"minikube", recorded{askPods: waits("ImagePullBackOff", "")}, "the pod auth-api-1: it waits for the image localhost:5000/auth-api:dev", "make minikube-up"},
		"an image that is missing on GKE": {"gke", on(gke, recorded{askPods: waits("ErrImagePull", "")}),
			"waits for the image", "kustomize/overlays/gke/kustomization.yaml"},
		"a secret that a pod waits for": {"minikube", recorded{askPods: waits("CreateContainerConfigError", `secret \"auth-db-credentials-v2\" not found`)},
			`the pod auth-api-1: it cannot start: secret "auth-db-credentials-v2" not found`, "kubectl apply -k sealed-secrets/minikube"},
		"a crash": {"minikube", recorded{askPods: waits("CrashLoopBackOff", ""), "--namespace auth logs auth-api-1 --previous --tail=1": "AUTH_DB_URL: hush\n"}, "auth-api-1: it ends again and again: AUTH_DB_URL: hush", "kubectl -n auth logs auth-api-1 --previous"},
		"a mount that does not come": {"minikube", recorded{askPods: strings.Replace(waits("ContainerCreating", ""), `"name": "auth-api-1"`, `"name": "auth-api-1", "creationTimestamp": "2026-01-01T00:00:00Z"`, 1)},
			"auth-api-1: it is not started after more than 30s", "kubectl -n auth describe pod auth-api-1"},
		"no node": {"minikube", recorded{askPods: `{"items": [{"metadata": {"name": "auth-db-0"}, "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]}}]}`},
			"the pod auth-db-0: no node takes it (0/1 nodes are available)", "kubectl -n auth describe pod auth-db-0"},
		"a wrong password, and what follows": {"minikube", recorded{
			askPods:    items(runningPods, runs("auth-api-1", "auth-api", "False"), `{"metadata": {"name": "schema-1", "labels": {"app.kubernetes.io/name": "schema"}, "ownerReferences": [{"kind": "Job"}]}, "status": {"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}}`),
			askAuthAPI: gone, "--namespace auth logs auth-api-1 --tail=100": `FATAL: password authentication failed for user "auth_v1" (SQLSTATE 28P01)`,
			"--namespace auth get deployments": rollout("auth-api", "", `"observedGeneration": 3, "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]`),
			"--namespace auth get jobs":        `{"items": [{"metadata": {"name": "schema"}, "status": {"conditions": [{"type": "Failed", "status": "True"}]}}]}`,
		}, "the pod auth-api-1: it runs and is not ready: auth-db refuses its user or password (28P01)", "go run ./cmd/platform sync --env minikube"},
		"a wrong password while the pod still serves": {"minikube", recorded{askAuthAPI: strings.Replace(gone, "unavailable", "degraded", 1), "--namespace auth logs auth-api-1 --tail=100": "28P01"},
			"the pod auth-api-1: it serves only in part: auth-db refuses its user or password", "go run ./cmd/platform sync"},
		"a store that is away, and what follows": {"minikube", recorded{askPods: items(strings.Replace(runningPods, `"status": "True"`, `"status": "False"`, 1), runs("auth-api-1", "auth-api", "False")), askAuthAPI: gone},
			"the pod auth-db-0: it runs and is not ready", "kubectl -n auth logs auth-db-0"},
		"a store that is down":    {"minikube", recorded{askPods: unready, askAuthAPI: gone}, "auth-api-1: it runs and is not ready: /readyz says that auth-db is down", "kubectl -n auth logs auth-api-1"},
		"a schema that is behind": {"minikube", recorded{askPods: unready, askAuthAPI: strings.Replace(allIsWell, "current", "behind", 1)}, "the schema of auth-db is behind", "delete job schema"},
		"a pod that does not say": {"minikube", recorded{askPods: unready, askAuthAPI: `{"status": "stopping"}`}, `/readyz says {"status": "stopping"}`, "kubectl -n auth logs auth-api-1"},
		"a rollout that is stuck": {"minikube", recorded{"--namespace auth get deployments": rollout("auth-api", "", `"observedGeneration": 3, "readyReplicas": 1, "updatedReplicas": 1, "conditions": [{"type": "Progressing", "status": "False", "message": "has timed out progressing"}]`)},
			"the rollout of deployment/auth-api is stuck: has timed out progressing", "kubectl -n auth describe deployment/auth-api"},
		"pods that may not be made": {"minikube", recorded{"--namespace auth get deployments": rollout("auth-api", "", `"observedGeneration": 3, "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]`)},
			"is stuck: exceeded quota", "kubectl -n auth describe deployment/auth-api"},
		"a rollout that is not done": {"minikube", recorded{"--namespace auth get deployments": rollout("auth-api", "", `"observedGeneration": 3, "readyReplicas": 1`)}, "is not done: of 1 pods 0 are new and 1 ready", "rollout status deployment/auth-api"},
		"a rollout that is paused":   {"minikube", recorded{"--namespace auth get deployments": rollout("auth-api", `"paused": true`, `"observedGeneration": 3, "readyReplicas": 1`)}, "is paused", "rollout resume deployment/auth-api"},
		"what nobody has looked at":  {"minikube", recorded{"--namespace auth get deployments": strings.ReplaceAll(rolledOut("auth-api", "helloworld"), `"observedGeneration": 3`, `"observedGeneration": 2`)}, "controllers have not looked at auth-api, helloworld", "kubectl -n kube-system get pods"},
		"nothing runs":               {"minikube", recorded{"--namespace auth get statefulsets": strings.Replace(rolledOut("session-db", "auth-db"), `"replicas": 1`, `"replicas": 0`, 1)}, "statefulset/session-db is scaled to no pods", "scale statefulset/session-db --replicas=1"},
		"a workload that is missing": {"minikube", recorded{"--namespace auth get deployments": rolledOut("auth-api")}, "the cluster has no helloworld", "kubectl apply -k kustomize/overlays/minikube"},
		"schema": {"minikube", recorded{"--namespace auth get jobs": `{"items": [{"metadata": {"name": "schema"}, "status": {"conditions": [{"type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit"}]}}]}`},
			"the Job schema failed (Job has reached", "kubectl -n auth logs job/schema"},
		"a class that is not there": {"minikube", recorded{askClasses: `{"items": [{"metadata": {"name": "other", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}}]}`},
			"names the class nginx, and the cluster has other", "minikube addons enable ingress"},
		"an Ingress of another class": {"minikube", recorded{askIngress: `{"items": [{"metadata": {"name": "auth-api"}, "spec": {"ingressClassName": "other"}}, {"metadata": {"name": "helloworld"}, "spec": {"ingressClassName": "nginx"}}]}`},
			"the Ingress auth-api in the cluster names the class other, and git nginx", "kubectl apply -k kustomize/overlays/minikube"},
		"policies": {"minikube", recorded{"get daemonsets --all-namespaces": `{"items": [{"metadata": {"name": "kindnet"}}]}`}, "does not seem to enforce network policies", "make minikube-up"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := healthy(t, c.env, image, sets[c.env])
			maps.Copy(answers, c.change)
			maps.DeleteFunc(answers, func(_, out string) bool { return out == "" })
			found := cluster{"../..", c.env, answers.run, time.Now, sets[c.env]}.examine(t.Context())
			if c.says == "" && len(found) == 0 {
				return
			}
			if len(found) != 1 || c.says == "" || !strings.Contains(found[0].problem, c.says) || !strings.Contains(found[0].mend, c.mend) || strings.Contains(found[0].problem+found[0].mend, "\n") {
				t.Errorf("%q, want %q and %q", found, c.says, c.mend)
			}
		})
	}
}
