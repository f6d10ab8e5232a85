package secrets

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/cluster"
)

// readUsers waits until each pod of a store has the users' file of the Secret, and has the store read it.
func readUsers(ctx context.Context, c cluster.Cluster, s store) error {
	var secret corev1.Secret
	if err := c.Get(ctx, c.Namespace(), "secret/"+s.users, &secret); err != nil {
		return err
	}
	sum := sumOf(secret.Data[s.file])
	for i := range s.pods {
		pod := fmt.Sprintf("%s-%d", s.name, i)
		// Not before: while Postgres makes a new database, its image runs the file itself.
		if err := waitForPod(ctx, c, pod); err != nil {
			return err
		}
		// The kubelet updates a mounted Secret at once when the pod itself changes.
		if _, err := c.Run(ctx, "--namespace", c.Namespace(), "annotate", "pod", pod, "auth.books.test/users="+sum[:12], "--overwrite"); err != nil {
			return fmt.Errorf("annotate the pod %s: %w", pod, err)
		}
		for {
			out, err := c.Run(ctx, "--namespace", c.Namespace(), "exec", pod, "--", "sha256sum", s.directory+"/"+s.file)
			if err == nil && strings.HasPrefix(string(out), sum) {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s did not get %s in time: %s", pod, s.users, c.Kubectl("describe pod "+pod))
			case <-time.After(syncPoll):
			}
		}
		out, err := c.Run(ctx, "--namespace", c.Namespace(), "exec", pod, "--", "sh", "-c", s.command)
		if err != nil && strings.Contains(cluster.OneLine(err)+string(out), "WRONGPASS") {
			// Its users are too old to include the one that may reload them, or are not ours.
			// A store reads the file when it starts.
			err = startAgain(ctx, c, pod)
		}
		if err != nil {
			return fmt.Errorf("%s cannot read %s: %w %s", pod, s.users, err, cluster.Shorten(string(out)))
		}
	}
	return nil
}

// startAgain deletes a pod, and waits until its StatefulSet has made a new one that is ready.
func startAgain(ctx context.Context, c cluster.Cluster, pod string) error {
	if _, err := c.Run(ctx, "--namespace", c.Namespace(), "delete", "pod", pod, "--wait"); err != nil {
		return fmt.Errorf("start it again: %w", err)
	}
	return waitForPod(ctx, c, pod)
}

// waitForPod waits until a store's pod is ready.
func waitForPod(ctx context.Context, c cluster.Cluster, name string) error {
	for {
		var pod corev1.Pod
		if err := c.Get(ctx, c.Namespace(), "pod/"+name, &pod); err == nil && cluster.IsReady(pod) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the pod %s was not ready in time: go run ./cmd/platform doctor --env %s", name, c.Env)
		case <-time.After(syncPoll):
		}
	}
}

// sumOf is what sha256sum prints of a file with this content.
func sumOf(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }
