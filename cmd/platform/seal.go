package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"auth.books.test/internal/secrets"
	"auth.books.test/internal/worktree"
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
			in := secrets.Input{}
			if fromStdin {
				var err error
				if in, err = secrets.ReadInput(cmd.InOrStdin(), t.cluster(env).Namespace()); err != nil {
					return err
				}
				if in.Given == nil {
					return secrets.ErrNotJSON
				}
			}
			sealed, err := secrets.Seal(cmd.Context(), t.cluster(env), in.Given, replace)
			if err != nil {
				return err
			}
			return printSealed(cmd.OutOrStdout(), t.cluster(env).Namespace(), sealed)
		}}
	envFlag(c, &env)
	c.Flags().BoolVar(&fromStdin, "stdin", false, "read chosen values from standard input")
	c.Flags().BoolVar(&replace, "replace", false, "seal anew what is sealed already")
	return c
}

func printSealed(out io.Writer, namespace string, sealed secrets.Sealed) error {
	if len(sealed.Replaced) > 0 {
		fmt.Fprintf(out, "NEW VALUES for %s. A cluster that runs with the old ones keeps those: if there is one, set the new files aside (%s), and use rotate.\n",
			strings.Join(sealed.Replaced, ", "), worktree.SetAside(sealed.Folder))
	}
	if len(sealed.Names) == 0 {
		_, err := fmt.Fprintln(out, "Everything is sealed already.")
		return err
	}
	return printNames(out, namespace, sealed.Names)
}

// printNames names secrets that were sealed.
func printNames(out io.Writer, namespace string, names []string) (err error) {
	for _, name := range names {
		_, err = fmt.Fprintf(out, "sealed %s/%s\n", namespace, name)
	}
	return err
}
