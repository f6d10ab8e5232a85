package cluster_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/cluster/clustertest"
)

func TestANamedContextIsUsedWhateverTheCurrentOneIs(t *testing.T) {
	t.Parallel()
	answers := clustertest.Recorded{"config current-context": "production", "--context=kind-a get --raw /readyz": "ok"}
	if current, err := answers.Cluster("", "minikube").InContext("kind-a").Reach(t.Context()); err != nil || current != "kind-a" {
		t.Errorf("%q: %v", current, err)
	}
	problem := (*cluster.Finding)(nil)
	if _, err := answers.Cluster("", "minikube").Reach(t.Context()); !errors.As(err, &problem) || problem.Problem != `the current context "production" is not for development` {
		t.Errorf("%v", err)
	}
	if _, err := answers.Cluster("", "gke").InContext("kind-a").Reach(t.Context()); !errors.As(err, &problem) || !strings.Contains(problem.Problem, "is for development") {
		t.Errorf("%v", err)
	}
}

// No command reaches a cluster of the wrong kind: only the name of its context is asked for.
func TestAClusterOfTheWrongKindIsNotAsked(t *testing.T) {
	t.Parallel()
	for env, current := range map[string]string{"minikube": "gke_books_europe", "gke": "docker-desktop"} {
		run := func(_ context.Context, args ...string) ([]byte, error) {
			if strings.Join(args, " ") != "config current-context" {
				t.Errorf("%s: kubectl %v", env, args)
			}
			return []byte(current), nil
		}
		if _, err := (cluster.Cluster{Env: env, Run: run}).Reach(t.Context()); err == nil {
			t.Errorf("%s is applied to %s", env, current)
		}
	}
}
