package secrets

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/worktree"
)

// Unopened explains the controller's message about SealedSecrets that it could not open.
func Unopened(ctx context.Context, c cluster.Cluster, names []string, message string) cluster.Finding {
	const restart = "kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"
	list, arguments := strings.Join(names, ", "), strings.Join(names, " ")
	switch {
	case strings.Contains(message, "not managed"):
		return cluster.Finding{Problem: fmt.Sprintf("a Secret %s that was made by hand keeps the sealed one from being opened", list),
			// The controller has given up by then.
			Fix: c.Kubectl("delete secret "+arguments) + " && " + restart}
	case strings.Contains(message, "immutable"):
		return cluster.Finding{Problem: list + " is sealed with another value under the same name, and a Secret that exists cannot change",
			Fix: fmt.Sprintf("go back to the value that is in use (%s), and go run ./cmd/platform rotate --env %s --secret NAME; or, if no store knows the old value, %s && %s",
				worktree.Earlier(ctx, c.Dir, filepath.Join(c.Dir, c.Sealed())), c.Env, c.Kubectl("delete secret "+arguments), restart)}
	case strings.Contains(message, "no key could decrypt"):
		fix := "kubectl apply -k sealed-secrets/minikube/key && " + restart
		if c.Env != "minikube" {
			fix = fmt.Sprintf("restore its key as sealed-secrets/README.md says, or go run ./cmd/platform certificate --env %[1]s, and seal the same values again: %[2]s | go run ./cmd/platform reseal --env %[1]s; where they are lost: go run ./cmd/platform seal --env %[1]s --replace", c.Env, c.Kubectl("get secrets -o json"))
		}
		return cluster.Finding{Problem: fmt.Sprintf("the controller does not have the key that opens %s, or it was sealed for another namespace or name", list), Fix: fix}
	}
	return cluster.Finding{Problem: fmt.Sprintf("the controller does not open %s (%s)", list, message), Fix: "kubectl -n sealed-secrets logs deployment/sealed-secrets"}
}
