package doctor

import (
	"context"
	"errors"
	"slices"

	"auth.books.test/internal/cluster"
)

// Cluster looks at the cluster, if one answers and its context is one for the environment. Without c.Set, only what
// needs no overlay is checked.
func Cluster(ctx context.Context, in cluster.Cluster) []Finding {
	c := checker{in}
	current, err := c.Reach(ctx)
	if problem := (*cluster.Finding)(nil); errors.As(err, &problem) {
		return []Finding{Finding(*problem)}
	}
	known := &causes{secrets: map[string]bool{}, workloads: map[string]bool{}, stores: map[string]bool{}, refusing: map[string]bool{}}
	found := slices.Concat(c.examineController(ctx, known), c.examineNodePorts(ctx), c.examineVolumes(ctx))
	if _, err := c.Run(ctx, "get", "namespace", c.Namespace()); err != nil {
		return append(found, Finding{"nothing is applied yet: there is no namespace " + c.Namespace(), "kubectl apply -k " + c.Overlay()})
	}
	found = slices.Concat(found, c.examineKeys(ctx, known), c.examineUnsealed(ctx, known), c.examineSecrets(ctx, known))
	return slices.Concat(found, c.examineWorkloads(ctx, known), c.examineIngresses(ctx, current), c.examinePolicies(ctx, current))
}
