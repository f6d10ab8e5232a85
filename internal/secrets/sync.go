package secrets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/manifest"
)

// syncPoll is how often the cluster is asked again.
const syncPoll = time.Second

// Sync waits until the cluster has opened every secret of the overlay as it is in git, and then has the stores read
// their users. It reports each step that is done.
func Sync(ctx context.Context, c cluster.Cluster, report func(line string)) error {
	if err := cluster.CheckEnvironment(c.Dir, c.Env); err != nil {
		return err
	}
	set, err := cluster.Render(c.Dir, c.Env)
	if err != nil {
		return err
	}
	if _, err := c.Reach(ctx); err != nil {
		return err
	}
	if err := waitForSecrets(ctx, c, set); err != nil {
		return err
	}
	report("every secret of " + c.Sealed() + " is opened as it is in git")
	for _, s := range storesOf(set) {
		if err := readUsers(ctx, c, s); err != nil {
			return err
		}
		report(s.name + " has read " + s.users)
	}
	return nil
}

// waitForSecrets waits until each SealedSecret is opened at the generation that was applied.
func waitForSecrets(ctx context.Context, c cluster.Cluster, set *manifest.Set) error {
	failing := time.Time{}
	for {
		all, err := States(ctx, c)
		if err != nil {
			return err
		}
		if missing, differs := Differences(set, all); len(missing)+len(differs) > 0 {
			return fmt.Errorf("in the cluster %s is missing or not as in git: kubectl apply -k %s", strings.Join(append(missing, differs...), ", "), c.Overlay())
		}
		var waiting []string
		failed := map[string][]string{}
		for _, o := range set.OfKind("SealedSecret") {
			processed, problem := all[o.Name].Opened()
			if problem != "" {
				failed[Cause(problem)] = append(failed[Cause(problem)], o.Name)
			} else if !processed {
				waiting = append(waiting, o.Name)
			}
		}
		if len(failed)+len(waiting) == 0 {
			return nil
		}
		if len(failed) == 0 {
			failing = time.Time{}
		} else if failing.IsZero() {
			failing = c.Now()
		}
		// The controller retries for less than that, and then gives up.
		if gaveUp := len(failed) > 0 && c.Now().Sub(failing) > 5*time.Second; gaveUp || ctx.Err() != nil {
			return notOpened(ctx, c, failed, waiting)
		}
		select {
		case <-ctx.Done():
			return notOpened(ctx, c, failed, waiting)
		case <-time.After(syncPoll):
		}
	}
}

func notOpened(ctx context.Context, c cluster.Cluster, failed map[string][]string, waiting []string) error {
	var all []error
	for _, message := range slices.Sorted(maps.Keys(failed)) {
		all = append(all, Unopened(context.WithoutCancel(ctx), c, failed[message], message))
	}
	if len(waiting) > 0 {
		all = append(all, fmt.Errorf("the controller did not process %s in time: kubectl -n sealed-secrets logs deployment/sealed-secrets", strings.Join(waiting, ", ")))
	}
	return errors.Join(all...)
}
