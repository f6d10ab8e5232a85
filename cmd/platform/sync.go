package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
)

const syncPoll = time.Second

func syncCommand(t *tool) *cobra.Command {
	var env, kubeContext string
	var timeout time.Duration
	c := &cobra.Command{Use: "sync", Short: "Wait until the cluster has the secrets of git, and have its stores read their users", Args: cobra.NoArgs,
		Long: `To be run after kubectl apply -k. Waits until the controller has opened every SealedSecret as it was applied, and fails with
its message if it cannot; then has each pod of the stores read its users again, once they have reached it. It is safe to
repeat, and mends stores whose users are those of another branch or of older data.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := knownEnvironment(t.dir, env); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			c := t.cluster(env)
			if kubeContext != "" {
				run := c.run
				c.run = func(ctx context.Context, args ...string) ([]byte, error) {
					return run(ctx, append([]string{"--context=" + kubeContext}, args...)...)
				}
			}
			set, err := rendered(t.dir, env)
			if err != nil {
				return err
			}
			c.set = set
			return c.sync(ctx, cmd.OutOrStdout(), kubeContext)
		}}
	c.Flags().StringVar(&env, "env", "", "the overlay, minikube or gke")
	c.Flags().StringVar(&kubeContext, "context", "", "kubectl's context; the current one if it is not given")
	c.Flags().DurationVar(&timeout, "timeout", 5*time.Minute, "how long all of it may take")
	_ = c.MarkFlagRequired("env")
	return c
}

func (c cluster) sync(ctx context.Context, out io.Writer, named string) error {
	if _, found := c.reachAs(ctx, named); len(found) > 0 {
		return fmt.Errorf("%s: %s", found[0].problem, found[0].mend)
	}
	if err := c.waitForSecrets(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "every secret of %s is opened as it is in git\n", c.sealed())
	for _, s := range storesOf(c.set) {
		if err := c.readUsers(ctx, s); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s has read %s\n", s.name, s.users)
	}
	return nil
}

// waitForSecrets waits until each SealedSecret is opened at the generation that was applied.
func (c cluster) waitForSecrets(ctx context.Context) error {
	failing := time.Time{}
	for {
		all, err := c.sealedSecrets(ctx)
		if err != nil {
			return err
		}
		if missing, differs := c.notAsInGit(all); len(missing)+len(differs) > 0 {
			return fmt.Errorf("the cluster has %s not as git has: kubectl apply -k %s", strings.Join(append(missing, differs...), ", "), c.overlay())
		}
		var waiting []string
		failed := map[string][]string{}
		for _, o := range c.set.OfKind("SealedSecret") {
			looked, problem := all[o.Name].opened()
			if problem != "" {
				failed[sameCause(problem, o.Name)] = append(failed[sameCause(problem, o.Name)], o.Name)
			} else if !looked {
				waiting = append(waiting, o.Name)
			}
		}
		if len(failed)+len(waiting) == 0 {
			return nil
		}
		if len(failed) == 0 {
			failing = time.Time{}
		} else if failing.IsZero() {
			failing = c.now()
		}
		// The controller tries again a few times, which takes less than that, and then gives up.
		if given := len(failed) > 0 && c.now().Sub(failing) > 5*time.Second; given || ctx.Err() != nil {
			return c.notOpened(failed, waiting)
		}
		select {
		case <-ctx.Done():
			return c.notOpened(failed, waiting)
		case <-time.After(syncPoll):
		}
	}
}

func (c cluster) notOpened(failed map[string][]string, waiting []string) error {
	var all []error
	for _, message := range slices.Sorted(maps.Keys(failed)) {
		f := c.unsealed(strings.Join(failed[message], ", "), message)
		all = append(all, fmt.Errorf("%s: %s", f.problem, f.mend))
	}
	if len(waiting) > 0 {
		all = append(all, fmt.Errorf("the controller did not look at %s in time: kubectl -n sealed-secrets logs deployment/sealed-secrets", strings.Join(waiting, ", ")))
	}
	return errors.Join(all...)
}

// store is a StatefulSet that reads its users from a Secret.
type store struct {
	name  string
	users string // the Secret
	file  string // the key in it, and the name of the file
	// directory is where the Secret is mounted, and command has the store read it.
	directory, command string
	pods               int
}

// storesOf are the stores that the overlay runs.
func storesOf(set *manifest.Set) (all []store) {
	for _, users := range []string{credential.AuthDBUsers, credential.SessionUsers} {
		s := storeOf(set, users)
		if slices.ContainsFunc(set.StatefulSets, func(w *manifest.StatefulSet) bool { return w.Name == s.name }) {
			all = append(all, s)
		}
	}
	return all
}

// readUsers waits until each pod of a store has the users' file as the Secret has it, and has it read.
func (c cluster) readUsers(ctx context.Context, s store) error {
	var secret corev1.Secret
	if err := c.get(ctx, credential.Namespace, "secret/"+s.users, &secret); err != nil {
		return err
	}
	sum := sumOf(secret.Data[s.file])
	for i := range s.pods {
		pod := fmt.Sprintf("%s-%d", s.name, i)
		// Not before: while Postgres makes a new database, its image runs the file itself.
		if err := c.waitForPod(ctx, s, pod); err != nil {
			return err
		}
		// The kubelet brings a changed Secret at once where something of the pod changes.
		if _, err := c.run(ctx, "--namespace", credential.Namespace, "annotate", "pod", pod, "auth.books.test/users="+sum[:12], "--overwrite"); err != nil {
			return fmt.Errorf("annotate the pod %s: %w", pod, err)
		}
		for {
			out, err := c.run(ctx, "--namespace", credential.Namespace, "exec", pod, "--", "sha256sum", s.directory+"/"+s.file)
			if err == nil && strings.HasPrefix(string(out), sum) {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s has not got %s in time: kubectl -n auth describe pod %s", pod, s.users, pod)
			case <-time.After(syncPoll):
			}
		}
		out, err := c.run(ctx, "--namespace", credential.Namespace, "exec", pod, "--", "sh", "-c", s.command)
		if err != nil && strings.Contains(oneLine(err)+string(out), "WRONGPASS") {
			// Its users are from before there was one who may load them, or not ours at all.
			// A new start reads the file.
			err = c.startAgain(ctx, s, pod)
		}
		if err != nil {
			return fmt.Errorf("%s cannot read %s: %w %s", pod, s.users, err, shorten(string(out)))
		}
	}
	return nil
}

// startAgain has the StatefulSet make a pod anew, and waits until that is ready.
func (c cluster) startAgain(ctx context.Context, s store, pod string) error {
	if _, err := c.run(ctx, "--namespace", credential.Namespace, "delete", "pod", pod, "--wait"); err != nil {
		return fmt.Errorf("start it again: %w", err)
	}
	return c.waitForPod(ctx, s, pod)
}

// waitForPod waits until a store's pod is ready.
func (c cluster) waitForPod(ctx context.Context, s store, name string) error {
	for {
		var pod corev1.Pod
		if err := c.get(ctx, credential.Namespace, "pod/"+name, &pod); err == nil && isReady(pod) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the pod %s was not ready in time: go run ./cmd/platform doctor --env %s", name, c.env)
		case <-time.After(syncPoll):
		}
	}
}

// sumOf is what sha256sum prints of a file with this content.
func sumOf(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }
