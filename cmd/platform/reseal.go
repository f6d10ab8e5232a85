package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"auth.books.test/internal/credential"
)

func resealCommand(t *tool) *cobra.Command {
	var env string
	c := &cobra.Command{Use: "reseal", Short: "Seal the same values again, after the certificate was renewed", Args: cobra.NoArgs,
		Long: `Seals every secret of sealed-secrets/ENV again, under its own name, for the certificate that is there now.
The values come from the cluster: kubectl -n auth get secrets -o json | platform reseal --env ENV`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := readInput(cmd.InOrStdin())
			if err != nil {
				return err
			}
			return t.reseal(cmd.Context(), env, in.cluster, cmd.OutOrStdout())
		}}
	c.Flags().StringVar(&env, "env", "", "the overlay, minikube or gke")
	_ = c.MarkFlagRequired("env")
	return c
}

func (t *tool) reseal(ctx context.Context, env string, cluster credential.Values, out io.Writer) error {
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
	var missing []string
	for _, name := range f.names {
		if cluster[name] == nil {
			missing = append(missing, name)
		}
	}
	// All or nothing: half of a folder for each of two keys helps nobody.
	if len(missing) > 0 {
		return fmt.Errorf("standard input has no secret %s: kubectl -n %s get secrets -o json gives all", strings.Join(missing, ", "), credential.Namespace)
	}
	values := credential.Values{}
	for _, name := range f.names {
		base := baseOf(name)
		if err := credential.Check(base, cluster[name]); err != nil {
			return fmt.Errorf("the cluster's %w", err)
		}
		if name == f.current(base) {
			values[base] = cluster[name]
		}
	}
	if err := errors.Join(credential.Fit(values)...); err != nil {
		return err
	}
	for _, name := range f.names {
		if err := f.add(sealer, credential.Secret(name, cluster[name])); err != nil {
			return err
		}
	}
	if err := f.save(); err != nil {
		return err
	}
	for _, name := range f.names {
		fmt.Fprintf(out, "sealed %s/%s\n", credential.Namespace, name)
	}
	return nil
}
