package main

import (
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

func sealCommand(dir *string) *cobra.Command {
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
			return seal(*dir, env, in.given, replace, cmd.OutOrStdout())
		}}
	c.Flags().StringVar(&env, "env", "", "the overlay, minikube or gke")
	c.Flags().BoolVar(&fromStdin, "stdin", false, "read chosen values from standard input")
	c.Flags().BoolVar(&replace, "replace", false, "seal anew what is sealed already")
	_ = c.MarkFlagRequired("env")
	return c
}

func seal(dir, env string, given credential.Values, replace bool, out io.Writer) error {
	f, err := openFolder(dir, env)
	if err != nil {
		return err
	}
	sealer, err := f.sealer()
	if err != nil {
		return err
	}
	set, err := needed(dir, env)
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
