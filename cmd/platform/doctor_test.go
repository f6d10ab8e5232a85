package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

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

// healthy is a cluster that has the overlay of Minikube.
func healthy(image string) recorded {
	return recorded{
		"config current-context": "minikube\n",
		"get --raw /readyz":      "ok",
		"version":                `{"clientVersion": {"gitVersion": "v1.37.2", "minor": "37"}}`,
		"--namespace sealed-secrets get deployment/sealed-secrets":           controller("docker.io/" + image),
		"get services --all-namespaces":                                      `{"items": [{"metadata": {"name": "auth-api", "namespace": "auth"}, "spec": {"ports": [{"port": 80, "nodePort": 30080}]}}]}`,
		"get persistentvolumes --all-namespaces":                             `{"items": [{"metadata": {"name": "auth-db"}, "spec": {"claimRef": {"namespace": "auth", "name": "data-auth-db-0"}}, "status": {"phase": "Bound"}}]}`,
		"get namespace auth":                                                 "auth",
		"--namespace auth get sealedsecrets":                                 `{"items": [{"metadata": {"name": "auth-db-credentials"}, "status": {"conditions": [{"type": "Synced", "status": "True"}]}}]}`,
		"--namespace auth get secrets -o jsonpath={.items[*].metadata.name}": "auth-db-credentials auth-db-users session-db-credentials session-db-token-key session-db-users session-db-verifier",
		"--namespace auth get pods":                                          `{"items": [{"metadata": {"name": "auth-db-0"}, "status": {"containerStatuses": [{"image": "postgres:17.10", "state": {"running": {}}}]}}]}`,
		"get daemonsets --all-namespaces":                                    `{"items": [{"metadata": {"name": "kube-proxy"}}, {"metadata": {"name": "calico-node"}}]}`,
	}
}

func TestDoctorSaysWhatIsWrongInTheCluster(t *testing.T) {
	const sealed, pods = "--namespace auth get sealedsecrets", "--namespace auth get pods"
	image := pinned(t)
	synced := func(message string) string {
		return `{"items": [{"metadata": {"name": "auth-db-credentials"}, "status": {"conditions": [{"type": "Synced", "status": "False", "message": "` + message + `"}]}}]}`
	}
	waits := func(reason, message string) string {
		return `{"items": [{"metadata": {"name": "auth-api-1"}, "status": {"containerStatuses": [{"image": "localhost:5000/auth-api:dev", "state": {"waiting": {"reason": "` + reason + `", "message": "` + message + `"}}}]}}]}`
	}
	for name, c := range map[string]struct {
		env        string
		change     recorded // without an output: the command fails
		says, mend string
	}{
		"well":                {"minikube", nil, "", ""},
		"no kubectl":          {"minikube", recorded{"config current-context": ""}, "kubectl is not on PATH", "kubernetes.io/docs/tasks/tools"},
		"wrong context":       {"minikube", recorded{"config current-context": "gke_books_europe"}, `context "gke_books_europe" is not for development`, "kubectl config use-context minikube"},
		"development context": {"gke", nil, `context "minikube" is for development, and gke is not`, "kubectl config get-contexts"},
		"no cluster":          {"minikube", recorded{"get --raw /readyz": ""}, `the cluster of "minikube" does not answer`, "minikube start"},
		"old kubectl":         {"minikube", recorded{"version": `{"clientVersion": {"gitVersion": "v1.26.1", "minor": "26"}}`}, "kubectl v1.26.1 renders", "install kubectl 1.27"},
		"nothing applied":     {"minikube", recorded{"get namespace auth": ""}, "nothing is applied yet", "kubectl apply -k kustomize/overlays/minikube"},
		"no controller":       {"minikube", recorded{"--namespace sealed-secrets get deployment/sealed-secrets": ""}, "the controller of sealed secrets is not there", "kubectl apply -k sealed-secrets/controller"},
		"another controller": {"minikube", recorded{"--namespace sealed-secrets get deployment/sealed-secrets": controller(image + "-old")},
			image + "-old, and not " + image, "kubectl apply -k sealed-secrets/controller"},
		"a Secret by hand": {"minikube", recorded{sealed: synced(`failed update: Resource \"auth-db-credentials\" already exists and is not managed by SealedSecret`)},
			"a Secret auth-db-credentials that was made by hand", "kubectl -n auth delete secret auth-db-credentials"},
		"no key": {"minikube", recorded{sealed: synced(`no key could decrypt secret (password, user)`)}, "has not the key that opens auth-db-credentials", "kubectl apply -k sealed-secrets/minikube/key && kubectl -n sealed-secrets rollout restart"},
		"no key on GKE": {"gke", recorded{"config current-context": "gke_books_europe", sealed: synced(`no key could decrypt secret (password, user)`)},
			"has not the key that opens auth-db-credentials", "go run ./cmd/platform seal --env gke --replace"},
		"another value": {"minikube", recorded{sealed: synced("Secret is invalid: data: Forbidden: field is immutable when `immutable` is set")},
			"auth-db-credentials is sealed with another value under the same name", "go run ./cmd/platform rotate --env minikube --secret auth-db-credentials"},
		"something else": {"minikube", recorded{sealed: synced("the moon\\nis full")}, "does not open auth-db-credentials (the moon is full)", "logs deployment/sealed-secrets"},
		"no Secret": {"minikube", recorded{"--namespace auth get secrets -o jsonpath={.items[*].metadata.name}": "auth-db-credentials auth-db-users session-db-credentials session-db-token-key session-db-verifier"},
			"session-db needs the Secret session-db-users", "kubectl apply -k sealed-secrets/minikube"},
		"Released volume": {"minikube", recorded{"get persistentvolumes --all-namespaces": `{"items": [{"metadata": {"name": "auth-db"}, "spec": {"claimRef": {"namespace": "auth"}}, "status": {"phase": "Released"}}]}`},
			"the volume auth-db is Released", "kubectl patch pv auth-db"},
		"taken node port": {"minikube", recorded{"get services --all-namespaces": `{"items": [{"metadata": {"name": "squatter", "namespace": "shop"}, "spec": {"ports": [{"port": 80, "nodePort": 30080}]}}]}`},
			"node port 30080 is taken by the Service squatter in shop", "kubectl -n shop delete service squatter"},
		"an image that is missing": {"minikube", recorded{pods: waits("ImagePullBackOff", "")}, "auth-api-1 waits for the image localhost:5000/auth-api:dev", "make minikube-up"},
		"an image that is missing on GKE": {"gke", recorded{"config current-context": "gke_books_europe", pods: waits("ErrImagePull", "")},
			"waits for the image", "kustomize/overlays/gke/kustomization.yaml"},
		"a secret that a pod waits for": {"minikube", recorded{pods: waits("CreateContainerConfigError", `secret \"auth-db-credentials-v2\" not found`)},
			`the pod auth-api-1 cannot start: secret "auth-db-credentials-v2" not found`, "kubectl apply -k sealed-secrets/minikube"},
		"a crash": {"minikube", recorded{pods: waits("CrashLoopBackOff", "")}, "auth-api-1 ends again and again", "kubectl -n auth logs auth-api-1 --previous"},
		"no node": {"minikube", recorded{pods: `{"items": [{"metadata": {"name": "auth-db-0"}, "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]}}]}`},
			"the pod auth-db-0 has no node (0/1 nodes are available)", "kubectl -n auth describe pod auth-db-0"},
		"schema": {"minikube", recorded{"--namespace auth get job/schema": `{"status": {"conditions": [{"type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit"}]}}`},
			"the Job schema failed (Job has reached", "kubectl -n auth logs job/schema"},
		"policies": {"minikube", recorded{"get daemonsets --all-namespaces": `{"items": [{"metadata": {"name": "kindnet"}}]}`}, "does not seem to enforce network policies", "make minikube-up"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := healthy(image)
			maps.Copy(answers, c.change)
			maps.DeleteFunc(answers, func(_, out string) bool { return out == "" })
			set, err := rendered("../..", c.env)
			if err != nil {
				t.Fatal(err)
			}
			found := cluster{"../..", c.env, answers.run, set}.examine(t.Context())
			if c.says == "" && len(found) == 0 {
				return
			}
			if len(found) != 1 || c.says == "" || !strings.Contains(found[0].problem, c.says) || !strings.Contains(found[0].mend, c.mend) || strings.Contains(found[0].problem+found[0].mend, "\n") {
				t.Errorf("%q, want %q and %q", found, c.says, c.mend)
			}
		})
	}
}
