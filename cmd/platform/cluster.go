package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/development"
	"auth.books.test/internal/manifest"
)

// runner runs kubectl and gives what it prints.
type runner func(ctx context.Context, args ...string) ([]byte, error)

func kubectl(ctx context.Context, args ...string) ([]byte, error) {
	// Before the command that an exec runs, which would be given it.
	out, err := exec.CommandContext(ctx, "kubectl", append([]string{"--request-timeout=10s"}, args...)...).Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return out, &kubectlError{err, string(failed.Stderr)}
	}
	return out, err
}

// kubectlError is a command that failed, with what it said.
type kubectlError struct {
	err    error
	stderr string
}

func (e *kubectlError) Error() string { return e.err.Error() + ": " + shorten(e.stderr) }
func (e *kubectlError) Unwrap() error { return e.err }

// oldestKubectl is the first whose kustomize is 5, which the overlays are written for.
const oldestKubectl = 27

// cluster is what is looked at: the cluster of the current context.
type cluster struct {
	dir, env string
	run      runner
	now      func() time.Time
	// set is the overlay, or nil if it cannot be rendered, which is said elsewhere.
	set *manifest.Set
}

// get reads objects of a namespace as JSON, or of all with "".
func (c cluster) get(ctx context.Context, namespace, what string, into any) error {
	args := append([]string{"--namespace", namespace, "get"}, append(strings.Fields(what), "-o", "json")...)
	if namespace == "" {
		args = []string{"get", what, "--all-namespaces", "-o", "json"}
	}
	out, err := c.run(ctx, args...)
	if err != nil {
		return fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	return json.Unmarshal(out, into)
}

func (c cluster) overlay() string { return "kustomize/overlays/" + c.env }
func (c cluster) sealed() string  { return "sealed-secrets/" + c.env }

// examine looks at the cluster, if there is one and it is the right one.
func (c cluster) examine(ctx context.Context) (found []finding) {
	current, found := c.reach(ctx)
	if len(found) > 0 {
		return found
	}
	known := &causes{secrets: map[string]bool{}, workloads: map[string]bool{}, stores: map[string]bool{}}
	found = slices.Concat(c.examineController(ctx, known), c.examineNodePorts(ctx), c.examineVolumes(ctx))
	if _, err := c.run(ctx, "get", "namespace", credential.Namespace); err != nil {
		return append(found, finding{"nothing is applied yet: there is no namespace " + credential.Namespace, "kubectl apply -k " + c.overlay()})
	}
	found = slices.Concat(found, c.examineKeys(ctx, known), c.examineUnsealed(ctx, known), c.examineSecrets(ctx, known))
	return slices.Concat(found, c.examineWorkloads(ctx, known), c.examineIngresses(ctx, current), c.examinePolicies(ctx, current))
}

// causes are what is known to be wrong: what follows from it is not told again.
type causes struct {
	noController bool
	noKey        bool            // of the certificate in git
	secrets      map[string]bool // not opened, missing, or not what was sealed
	workloads    map[string]bool // with a pod that is told of
	stores       map[string]bool // away, or refusing those who sign in
}

// reach says which context is the current one, or what keeps from its cluster.
func (c cluster) reach(ctx context.Context) (current string, found []finding) {
	return c.reachAs(ctx, "")
}

// reachAs is reach with the name of a context that all commands are given.
func (c cluster) reachAs(ctx context.Context, current string) (string, []finding) {
	if current == "" {
		out, err := c.run(ctx, "config", "current-context")
		if err != nil {
			return "", []finding{{"kubectl is not on PATH, or has no current context", "see kubernetes.io/docs/tasks/tools, and kubectl config use-context minikube"}}
		}
		current = strings.TrimSpace(string(out))
	}
	if c.env == "minikube" && !development.IsContext(current) {
		return current, []finding{{fmt.Sprintf("the current context %q is not for development", current), "kubectl config use-context minikube"}}
	}
	if c.env != "minikube" && development.IsContext(current) {
		return current, []finding{{fmt.Sprintf("the current context %q is for development, and %s is not", current, c.env), "kubectl config get-contexts"}}
	}
	if _, err := c.run(ctx, "get", "--raw", "/readyz"); err != nil {
		return current, []finding{{fmt.Sprintf("the cluster of %q does not answer, or not to you", current), cmp.Or(map[string]string{"minikube": "minikube start"}[current], "kubectl cluster-info")}}
	}
	var version struct {
		ClientVersion struct{ GitVersion, Minor string }
	}
	if out, err := c.run(ctx, "version", "-o", "json"); err == nil && json.Unmarshal(out, &version) == nil {
		if minor, err := strconv.Atoi(strings.TrimSuffix(version.ClientVersion.Minor, "+")); err == nil && minor < oldestKubectl {
			return current, []finding{{fmt.Sprintf("kubectl %s renders overlays otherwise than they are meant", version.ClientVersion.GitVersion), fmt.Sprintf("install kubectl 1.%d or newer: kubernetes.io/docs/tasks/tools", oldestKubectl)}}
		}
	}
	return current, nil
}
