package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/sealing"
)

// notInUse refuses new values for Secrets that the cluster has: its stores know the current values, and an immutable
// Secret keeps them, so only a part would change. Without a cluster that answers, nothing is refused.
func notInUse(ctx context.Context, c cluster.Cluster, secrets []sealing.Secret) error {
	current, err := c.Reach(ctx)
	if err != nil {
		return nil
	}
	out, err := c.Run(ctx, "--namespace", c.Namespace(), "get", "secrets", "-o", namesFormat)
	if err != nil {
		return nil // nothing is applied yet
	}
	var used []string
	for name := range strings.FieldsSeq(string(out)) {
		if slices.ContainsFunc(secrets, func(s sealing.Secret) bool { return versionOf(name, s.Name) > 0 }) {
			used = append(used, name)
		}
	}
	if len(used) == 0 {
		return nil
	}
	return fmt.Errorf("the cluster %q uses %s: its stores know these values, and would refuse others. To change one: go run ./cmd/platform rotate --env %s --secret NAME. "+
		"To begin anew, without data: kubectl -n %s delete sealedsecret %s, then seal again", current, strings.Join(used, ", "), c.Env, c.Namespace(), strings.Join(used, " "))
}

// namesFormat has kubectl print names alone.
const namesFormat = "jsonpath={.items[*].metadata.name}"
