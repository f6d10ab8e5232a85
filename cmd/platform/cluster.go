package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// runner runs kubectl and gives what it prints.
type runner func(ctx context.Context, args ...string) ([]byte, error)

func kubectl(ctx context.Context, args ...string) ([]byte, error) {
	return exec.CommandContext(ctx, "kubectl", append(args, "--request-timeout=10s")...).Output()
}

// development names the contexts that Minikube's overlay may be applied to.
var development = regexp.MustCompile(`^(minikube|one-node|docker-desktop|kind-.+)$`)

// examineCluster looks at the cluster of the current context.
func examineCluster(ctx context.Context, env string, run runner) []finding {
	if _, err := exec.LookPath("kubectl"); err != nil {
		return []finding{{"kubectl is not on PATH", "see kubernetes.io/docs/tasks/tools"}}
	}
	out, err := run(ctx, "config", "current-context")
	current := strings.TrimSpace(string(out))
	if err != nil {
		return []finding{{"kubectl has no current context", "kubectl config use-context minikube"}}
	}
	if env == "minikube" && !development.MatchString(current) {
		return []finding{{fmt.Sprintf("the current context %q is not for development", current), "kubectl config use-context minikube"}}
	}
	if _, err := run(ctx, "get", "--raw", "/readyz"); err != nil {
		return []finding{{fmt.Sprintf("the cluster of %q does not answer", current), "minikube start"}}
	}
	return slices.Concat(examineController(ctx, env, run), examineUnsealed(ctx, run), examineVolumes(ctx, run), examineNodePorts(ctx, run))
}

func examineController(ctx context.Context, env string, run runner) []finding {
	out, err := run(ctx, "--namespace", "sealed-secrets", "get", "deployment", "sealed-secrets", "-o", "jsonpath={.status.availableReplicas}")
	if err == nil && string(out) == "1" {
		return nil
	}
	mend := "kubectl apply -k sealed-secrets/controller"
	if env == "minikube" {
		mend = "kubectl create namespace sealed-secrets; kubectl apply -k sealed-secrets/minikube/key && " + mend
	}
	return []finding{{"the controller of sealed secrets is not there, or not available", mend}}
}

// examineUnsealed finds what the controller could not open.
func examineUnsealed(ctx context.Context, run runner) (found []finding) {
	out, err := run(ctx, "--namespace", "auth", "get", "sealedsecrets", "-o", "json")
	if err != nil {
		return nil // not applied yet
	}
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct {
				Conditions []struct{ Type, Status, Message string }
			}
		}
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return []finding{{fmt.Sprintf("the list of sealed secrets cannot be read: %v", err), "kubectl -n auth get sealedsecrets"}}
	}
	for _, item := range list.Items {
		for _, c := range item.Status.Conditions {
			if c.Type == "Synced" && c.Status == "False" {
				found = append(found, finding{fmt.Sprintf("the controller does not open %s (%s)", item.Metadata.Name, strings.TrimSpace(c.Message)),
					"go run ./cmd/platform seal --replace --env … for the certificate of this controller, or delete a Secret of that name that was made by hand"})
			}
		}
	}
	return found
}

func examineVolumes(ctx context.Context, run runner) (found []finding) {
	var list corev1.PersistentVolumeList
	if out, err := run(ctx, "get", "persistentvolumes", "-o", "json"); err != nil || json.Unmarshal(out, &list) != nil {
		return []finding{{"the volumes cannot be read", "kubectl get persistentvolumes"}}
	}
	for _, v := range list.Items {
		if r := v.Spec.ClaimRef; r != nil && r.Namespace == "auth" && v.Status.Phase == corev1.VolumeReleased {
			found = append(found, finding{fmt.Sprintf("the volume %s is Released: its claim was deleted, and no new one gets it", v.Name),
				fmt.Sprintf(`kubectl patch pv %s --type=json -p='[{"op":"remove","path":"/spec/claimRef/uid"},{"op":"remove","path":"/spec/claimRef/resourceVersion"}]'`, v.Name)})
		}
	}
	return found
}

func examineNodePorts(ctx context.Context, run runner) (found []finding) {
	var list corev1.ServiceList
	if out, err := run(ctx, "get", "services", "--all-namespaces", "-o", "json"); err != nil || json.Unmarshal(out, &list) != nil {
		return []finding{{"the Services cannot be read", "kubectl get services --all-namespaces"}}
	}
	for _, s := range list.Items {
		for _, p := range s.Spec.Ports {
			if s.Namespace != "auth" && slices.Contains([]int32{30001, 30002, 30080}, p.NodePort) {
				found = append(found, finding{fmt.Sprintf("node port %d is taken by the Service %s in %s", p.NodePort, s.Name, s.Namespace),
					fmt.Sprintf("kubectl -n %s delete service %s", s.Namespace, s.Name)})
			}
		}
	}
	return found
}
