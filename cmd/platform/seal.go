package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
)

func sealCommand(t *tool) *cobra.Command {
	var env string
	var fromStdin, replace bool
	c := &cobra.Command{Use: "seal", Short: "Seal every secret that an overlay needs, with random values or values from standard input", Args: cobra.NoArgs,
		Long: `Seals for the certificate in sealed-secrets/ENV/certificate.pem and writes sealed-secrets/ENV/NAME.yaml,
for the secrets that the platform always needs and for those that a component of the overlay refers to.
What is sealed already stays, unless --replace is given: for a cluster that has none of it yet. Later, rotate.

With --stdin, chosen values come as JSON, such as {"auth-db-credentials": {"password": "…"}}; the others are random.
No value is ever shown.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := input{}
			if fromStdin {
				var err error
				if in, err = readInput(cmd.InOrStdin()); err != nil {
					return err
				}
				if in.given == nil {
					return errNotJSON
				}
			}
			return t.seal(cmd.Context(), env, in.given, replace, cmd.OutOrStdout())
		}}
	c.Flags().StringVar(&env, "env", "", "the overlay, minikube or gke")
	c.Flags().BoolVar(&fromStdin, "stdin", false, "read chosen values from standard input")
	c.Flags().BoolVar(&replace, "replace", false, "seal anew what is sealed already")
	_ = c.MarkFlagRequired("env")
	return c
}

func (t *tool) seal(ctx context.Context, env string, given credential.Values, replace bool, out io.Writer) error {
	f, err := openFolder(t.dir, env)
	if err != nil {
		return err
	}
	sealer, err := f.sealer(t.now())
	if err != nil {
		return err
	}
	if err := t.cluster(env).opens(ctx, sealer); err != nil {
		return err
	}
	set, err := needed(t.dir, env)
	if err != nil {
		return err
	}
	others := map[string][]string{}
	operator := set.OperatorSecrets()
	for _, r := range set.References() {
		if operator[r.Secret] == nil && r.Key != "" {
			others[r.Secret] = append(others[r.Secret], r.Key)
		}
	}
	secrets, err := credential.Fresh(given, others, rand.Reader)
	if err != nil {
		return err
	}
	var missing []sealing.Secret
	for _, s := range secrets {
		if _, err := os.Stat(f.file(f.current(s.Name))); err != nil || replace {
			missing = append(missing, s)
		}
	}
	if err := whole(missing, f.dir); err != nil {
		return err
	}
	if given := notSealed(given, missing); len(given) > 0 {
		return fmt.Errorf("a value is given for %s, which is sealed already: change it with rotate, or seal all anew with --replace", strings.Join(given, ", "))
	}
	if err := t.cluster(env).free(ctx, missing); err != nil {
		return err
	}
	if old := sealedBefore(f, missing); len(old) > 0 {
		fmt.Fprintf(out, "NEW VALUES for %s. A cluster that runs with the old ones keeps those: there, go back with git checkout -- %s, and use rotate.\n", strings.Join(old, ", "), f.dir)
	}
	for _, s := range missing {
		for _, version := range f.versions(s.Name) {
			f.remove(version)
		}
		delete(f.used, s.Name)
		if err := f.add(sealer, s); err != nil {
			return err
		}
		fmt.Fprintf(out, "sealed %s/%s\n", s.Namespace, s.Name)
	}
	if len(missing) == 0 {
		fmt.Fprintln(out, "Everything is sealed already.")
	}
	return f.save()
}

// notSealed are secrets that values are given for, and that are not to be sealed.
func notSealed(given credential.Values, missing []sealing.Secret) (names []string) {
	for name := range given {
		if !slices.ContainsFunc(missing, func(s sealing.Secret) bool { return s.Name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// sealedBefore are secrets that get another value than the one that is sealed.
func sealedBefore(f *folder, missing []sealing.Secret) (names []string) {
	for _, s := range missing {
		if len(f.versions(s.Name)) > 0 {
			names = append(names, s.Name)
		}
	}
	return names
}

// free refuses new values for Secrets that the cluster has: its stores know the values of now, and an
// immutable Secret keeps them, so that half of everything would change. Where no cluster answers it cannot tell.
func (c cluster) free(ctx context.Context, secrets []sealing.Secret) error {
	current, found := c.reach(ctx)
	if len(found) > 0 {
		return nil
	}
	out, err := c.run(ctx, "--namespace", credential.Namespace, "get", "secrets", "-o", namesFormat)
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
		"To begin anew, without data: kubectl -n %s delete sealedsecret %s, then seal again", current, strings.Join(used, ", "), c.env, credential.Namespace, strings.Join(used, " "))
}

// whole refuses to make a part of secrets that fit only each other.
func whole(missing []sealing.Secret, dir string) error {
	for _, tied := range credential.Tied() {
		n := 0
		for _, s := range missing {
			if slices.Contains(tied, s.Name) {
				n++
			}
		}
		if n > 0 && n < len(tied) {
			return fmt.Errorf("only some of %s are sealed in %s, and they fit each other alone: seal all anew with --replace, then roll the stores", strings.Join(tied, ", "), dir)
		}
	}
	return nil
}

// needed is the overlay as it would be if the secrets that it always needs were
// sealed, so that it can be rendered before anything is.
func needed(dir, env string) (*manifest.Set, error) {
	scratch, err := os.MkdirTemp("", "platform-")
	if err != nil {
		return nil, fmt.Errorf("copy the overlay: %w", err)
	}
	defer os.RemoveAll(scratch)
	if err := os.CopyFS(filepath.Join(scratch, "kustomize"), os.DirFS(filepath.Join(dir, "kustomize"))); err != nil {
		return nil, fmt.Errorf("copy the overlay: %w", err)
	}
	// kustomize takes no empty kustomization.
	f := &folder{dir: filepath.Join(scratch, "sealed-secrets", env), used: map[string]string{"nothing": "nothing"}}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return nil, fmt.Errorf("copy the overlay: %w", err)
	}
	if err := f.save(); err != nil {
		return nil, err
	}
	rendered, err := manifest.Render(filepath.Join(scratch, "kustomize", "overlays", env))
	if err != nil {
		return nil, err
	}
	return manifest.Parse(rendered)
}

// namesFormat has kubectl print names alone.
const namesFormat = "jsonpath={.items[*].metadata.name}"
