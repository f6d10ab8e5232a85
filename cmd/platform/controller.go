package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
)

// examineController asks whether the controller of sealed secrets is there, and
// is the one that the repository names.
func (c cluster) examineController(ctx context.Context) []finding {
	mend := "kubectl apply -k sealed-secrets/controller"
	if c.env == "minikube" {
		mend = "kubectl create namespace sealed-secrets; kubectl apply -k sealed-secrets/minikube/key && " + mend
	}
	var d appsv1.Deployment
	if err := c.get(ctx, "sealed-secrets", "deployment/sealed-secrets", &d); err != nil || d.Status.AvailableReplicas < 1 {
		return []finding{{"the controller of sealed secrets is not there, or not available", mend}}
	}
	rendered, err := manifest.Render(filepath.Join(c.dir, "sealed-secrets", "controller"))
	if err != nil {
		return []finding{{oneLine(err), "git checkout -- sealed-secrets/controller"}}
	}
	set, err := manifest.Parse(rendered)
	if err != nil || len(set.Deployments) == 0 {
		return []finding{{"sealed-secrets/controller has no Deployment", "git checkout -- sealed-secrets/controller"}}
	}
	pinned, runs := set.Deployments[0].Spec.Template.Spec.Containers[0].Image, d.Spec.Template.Spec.Containers[0].Image
	// A cluster may say the registry too.
	if runs != pinned && !strings.HasSuffix(runs, "/"+pinned) {
		return []finding{{fmt.Sprintf("the controller of sealed secrets is %s, and not %s", runs, pinned), mend}}
	}
	return nil
}

// examineUnsealed finds what the controller could not open.
func (c cluster) examineUnsealed(ctx context.Context) (found []finding) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct {
				Conditions []struct{ Type, Status, Message string }
			}
		}
	}
	if err := c.get(ctx, credential.Namespace, "sealedsecrets", &list); err != nil {
		return []finding{{"the sealed secrets cannot be read", "kubectl -n auth get sealedsecrets"}}
	}
	for _, item := range list.Items {
		for _, condition := range item.Status.Conditions {
			if condition.Type == "Synced" && condition.Status == "False" {
				found = append(found, c.unsealed(item.Metadata.Name, strings.Join(strings.Fields(condition.Message), " ")))
			}
		}
	}
	return found
}

// unsealed reads the controller's message.
func (c cluster) unsealed(name, message string) finding {
	switch {
	case strings.Contains(message, "not managed"):
		return finding{fmt.Sprintf("a Secret %s that was made by hand keeps the sealed one from being opened", name),
			// It has given up by then.
			"kubectl -n auth delete secret " + name + " && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"}
	case strings.Contains(message, "immutable"):
		return finding{fmt.Sprintf("%s is sealed with another value under the same name, and a Secret does not change", name),
			fmt.Sprintf("git checkout an earlier %s, and go run ./cmd/platform rotate --env %s --secret %s; or, if no store knows the old value, kubectl -n auth delete secret %[3]s && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets", c.sealed(), c.env, name)}
	case strings.Contains(message, "no key could decrypt") && c.env == "minikube":
		return finding{fmt.Sprintf("the controller has not the key that opens %s, or it was sealed for another namespace or name", name),
			"kubectl apply -k sealed-secrets/minikube/key && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"}
	case strings.Contains(message, "no key could decrypt"):
		return finding{fmt.Sprintf("the controller has not the key that opens %s, or it was sealed for another namespace or name", name),
			fmt.Sprintf("restore its key as sealed-secrets/README.md says, or seal anew: %s%s/certificate.pem && go run ./cmd/platform seal --env %s --replace", fetchCertificate, c.sealed(), c.env)}
	}
	return finding{fmt.Sprintf("the controller does not open %s (%s)", name, message), "kubectl -n sealed-secrets logs deployment/sealed-secrets"}
}

// examineSecrets finds Secrets that pods use and the cluster has not. It reads
// their names only.
func (c cluster) examineSecrets(ctx context.Context) (found []finding) {
	if c.set == nil {
		return nil
	}
	out, err := c.run(ctx, "--namespace", credential.Namespace, "get", "secrets", "-o", "jsonpath={.items[*].metadata.name}")
	if err != nil {
		return []finding{{"the names of Secrets cannot be read", "kubectl -n auth get secrets"}}
	}
	seen := map[string]bool{}
	for _, name := range strings.Fields(string(out)) {
		seen[name] = true
	}
	for _, r := range c.set.References() {
		if !seen[r.Secret] {
			seen[r.Secret] = true
			found = append(found, finding{fmt.Sprintf("%s needs the Secret %s, and the cluster has none", r.Workload, r.Secret), "kubectl apply -k " + c.sealed()})
		}
	}
	return found
}
