package main

import (
	"github.com/spf13/cobra"

	"auth.books.test/internal/secrets"
)

func resealCommand(t *tool) *cobra.Command {
	var env string
	c := &cobra.Command{Use: "reseal", Short: "Seal the same values again, after the certificate was renewed", Args: cobra.NoArgs,
		Long: `Seals every secret of sealed-secrets/ENV again, under its own name, for the certificate that is there now.
The values come from the cluster: kubectl -n auth get secrets -o json | platform reseal --env ENV`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := secrets.ReadInput(cmd.InOrStdin(), t.cluster(env).Namespace())
			if err != nil {
				return err
			}
			names, err := secrets.Reseal(cmd.Context(), t.cluster(env), in.Cluster)
			if err != nil {
				return err
			}
			return printNames(cmd.OutOrStdout(), t.cluster(env).Namespace(), names)
		}}
	envFlag(c, &env)
	return c
}
