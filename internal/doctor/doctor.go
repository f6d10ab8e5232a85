package doctor

import (
	"context"

	"auth.books.test/internal/cluster"
)

// Finding is a problem, and the command that fixes it.
type Finding struct{ Problem, Fix string }

// Examine looks at the repository and, unless offline, at the cluster.
func Examine(ctx context.Context, c cluster.Cluster, offline bool) []Finding {
	found := Files(ctx, c)
	if offline {
		return found
	}
	c.Set, _ = cluster.Render(c.Dir, c.Env) // Files has reported the error
	return append(found, Cluster(ctx, c)...)
}

// checker holds what the checks of a cluster have in common.
type checker struct{ cluster.Cluster }

// causes are the problems that are known: what follows from one is not reported again.
type causes struct {
	noController bool
	noKey        bool            // the controller lacks the key for the certificate in git
	secrets      map[string]bool // not opened, missing, or not what was sealed
	workloads    map[string]bool // with a pod that is reported
	stores       map[string]bool // down
	refusing     map[string]bool // stores that are up and refuse a user or a password
}
