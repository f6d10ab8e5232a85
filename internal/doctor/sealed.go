package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/secrets"
)

// examineUnsealed compares the SealedSecrets of the cluster with git's, and finds those that the controller could not
// open. Secrets with the same cause share a finding.
func (c checker) examineUnsealed(ctx context.Context, known *causes) (found []Finding) {
	all, err := secrets.States(ctx, c.Cluster)
	if err != nil {
		return []Finding{{"the sealed secrets cannot be read", c.Kubectl("get sealedsecrets")}}
	}
	apply := "kubectl apply -k " + c.Sealed()
	missing, differs := secrets.Differences(c.Set, all)
	if len(missing) > 0 {
		found = append(found, Finding{fmt.Sprintf("git has %s sealed, and the cluster does not", strings.Join(missing, ", ")), apply})
	}
	if len(differs) > 0 {
		found = append(found, Finding{fmt.Sprintf("%s in the cluster is sealed with another content than in git", strings.Join(differs, ", ")), apply + " && go run ./cmd/platform sync --env " + c.Env})
	}
	for _, name := range missing {
		known.secrets[name] = true
	}
	var left, waiting []string
	failed := map[string][]string{} // names by message
	for _, name := range slices.Sorted(maps.Keys(all)) {
		processed, problem := all[name].Opened()
		if problem != "" {
			failed[secrets.Cause(problem)] = append(failed[secrets.Cause(problem)], name)
			known.secrets[name] = true
		} else if !processed {
			if !slices.Contains(differs, name) {
				waiting = append(waiting, name)
			}
			known.secrets[name] = true
		}
		if c.Set != nil && !slices.ContainsFunc(c.Set.OfKind("SealedSecret"), func(o manifest.Other) bool { return o.Name == name }) &&
			credential.Needed(secrets.BaseOf(name)) {
			left = append(left, name)
		}
	}
	if known.noKey {
		delete(failed, "no key could decrypt")
	}
	for _, message := range slices.Sorted(maps.Keys(failed)) {
		found = append(found, Finding(secrets.Unopened(ctx, c.Cluster, failed[message], message)))
	}
	if len(waiting) > 0 && !known.noController {
		found = append(found, Finding{fmt.Sprintf("the controller has not processed %s since the last change", strings.Join(waiting, ", ")), "kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"})
	}
	if len(left) > 0 {
		found = append(found, Finding{fmt.Sprintf("the cluster has %s, and git does not: left from a rotation that was finished, or of another branch", strings.Join(left, ", ")),
			c.Kubectl("delete sealedsecret " + strings.Join(left, " "))})
	}
	return found
}
