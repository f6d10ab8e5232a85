package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"auth.books.test/internal/development"
)

// oldestKubectl is the first kubectl with kustomize 5, which the overlays are written for.
const oldestKubectl = 27

// Reach gives the name of the context, or what keeps from its cluster: a *Finding. Minikube's overlay goes only to
// contexts for development, and the others never do.
func (c Cluster) Reach(ctx context.Context) (current string, err error) {
	current = c.Context
	if current == "" {
		out, err := c.Run(ctx, "config", "current-context")
		if err != nil {
			return "", &Finding{"kubectl is not on PATH, or has no current context", "see kubernetes.io/docs/tasks/tools, and kubectl config use-context minikube"}
		}
		current = strings.TrimSpace(string(out))
	}
	if c.Env == "minikube" && !development.IsContext(current) {
		return current, &Finding{fmt.Sprintf("the current context %q is not for development", current), "kubectl config use-context minikube"}
	}
	if c.Env != "minikube" && development.IsContext(current) {
		return current, &Finding{fmt.Sprintf("the current context %q is for development, and %s is not", current, c.Env), "kubectl config get-contexts"}
	}
	if _, err := c.Run(ctx, "get", "--raw", "/readyz"); err != nil {
		return current, &Finding{fmt.Sprintf("the cluster of %q does not answer, or does not let you in", current), cmp.Or(map[string]string{"minikube": "minikube start"}[current], "kubectl cluster-info")}
	}
	var version struct {
		ClientVersion struct{ GitVersion, Minor string }
	}
	if out, err := c.Run(ctx, "version", "-o", "json"); err == nil && json.Unmarshal(out, &version) == nil {
		if minor, err := strconv.Atoi(strings.TrimSuffix(version.ClientVersion.Minor, "+")); err == nil && minor < oldestKubectl {
			return current, &Finding{fmt.Sprintf("kubectl %s is too old: it renders overlays in another way", version.ClientVersion.GitVersion), fmt.Sprintf("install kubectl 1.%d or newer: kubernetes.io/docs/tasks/tools", oldestKubectl)}
		}
	}
	return current, nil
}
