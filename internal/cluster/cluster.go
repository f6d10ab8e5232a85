package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/manifest"
)

// Cluster is the cluster of an environment.
type Cluster struct {
	Dir string // the repository
	Env string // the overlay
	Run Runner
	Now func() time.Time
	// Context is the kubectl context that Run uses; empty for the current one.
	Context string
	// Set is the overlay as rendered; nil if it was not, or cannot be.
	Set *manifest.Set
}

// InContext gives the same cluster by the name of its kubectl context, so that a change of the current one meanwhile
// does not matter.
func (c Cluster) InContext(name string) Cluster {
	run := c.Run
	c.Context = name
	c.Run = func(ctx context.Context, args ...string) ([]byte, error) {
		return run(ctx, append([]string{"--context=" + name}, args...)...)
	}
	return c
}

// Get reads objects of a namespace as JSON, or those of all namespaces with "".
func (c Cluster) Get(ctx context.Context, namespace, what string, into any) error {
	args := append([]string{"--namespace", namespace, "get"}, append(strings.Fields(what), "-o", "json")...)
	if namespace == "" {
		args = []string{"get", what, "--all-namespaces", "-o", "json"}
	}
	out, err := c.Run(ctx, args...)
	if err != nil {
		return fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("read what kubectl %s prints: %w", strings.Join(args, " "), err)
	}
	return nil
}

// Overlay is the folder of the environment's overlay, from the root of the repository.
func (c Cluster) Overlay() string { return "kustomize/overlays/" + c.Env }

// Namespace is that of the environment's overlay.
func (c Cluster) Namespace() string { return manifest.Namespace(c.Dir, c.Env) }

// Kubectl is a command for people, in the namespace of the environment.
func (c Cluster) Kubectl(arguments string) string {
	return "kubectl -n " + c.Namespace() + " " + arguments
}

// Sealed is the folder of the environment's sealed secrets, from the root of the repository.
func (c Cluster) Sealed() string { return "sealed-secrets/" + c.Env }

// IsReady says whether a pod passes its readiness probes.
func IsReady(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
