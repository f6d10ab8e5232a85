package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"auth.books.test/internal/adopt"
	"auth.books.test/internal/environment"
)

func newEnvironmentCommand(t *tool) *cobra.Command {
	p := environment.Plan{}
	c := &cobra.Command{Use: "new-environment NAME", Short: "Make an environment beside the others: an overlay, a sealing key, sealed secrets", Args: cobra.ExactArgs(1),
		Long: `Copies the overlay of another environment to kustomize/overlays/NAME, with the domain of the new one,
makes a sealing key, and seals new secrets into sealed-secrets/NAME. No other file changes, but for the
rendered overlay that tests compare with.

A sealed secret opens under its namespace and name only, so it is sealed for the namespace of the new one.
Two environments in one cluster need a namespace each.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p.Dir, p.Name, p.Cluster = t.dir, args[0], t.cluster
			made, err := environment.New(cmd.Context(), p)
			if err != nil {
				return err
			}
			if err := adopt.Goldens(t.dir); err != nil {
				return err
			}
			return printNewEnvironment(cmd.OutOrStdout(), p, made)
		}}
	c.Flags().StringVar(&p.From, "from", "gke", "the environment whose overlay is copied")
	c.Flags().StringVar(&p.Domain, "domain", "", "the domain of its services, such as staging.example.org")
	c.Flags().StringVar(&p.Namespace, "namespace", "", "its namespace; that of the other one, unless it is given")
	c.Flags().StringVar(&p.Key, "key", "", "a file outside of the repository for its private sealing key")
	for _, name := range []string{"domain", "key"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

func printNewEnvironment(out io.Writer, p environment.Plan, made environment.Made) error {
	_, err := fmt.Fprintf(out, `kustomize/overlays/%[1]s: %[2]d files, with the hosts of %[3]s
sealed-secrets/%[1]s: %[4]d new secrets, sealed for the key in %[5]s

Next:
  edit kustomize/overlays/%[1]s               its addresses and sizes: look for what is of %[6]s alone
  keep %[5]s out of git, where your team keeps secrets
  git add kustomize sealed-secrets internal/manifest/testdata
  give the cluster its key before its controller starts, and apply: the commands are in docs/environments.md
`, p.Name, len(made.Files), p.Domain, len(made.Secrets), p.Key, p.From)
	return err
}
