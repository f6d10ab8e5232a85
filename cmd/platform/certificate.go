package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/internal/secrets"
)

func certificateCommand(t *tool) *cobra.Command {
	var env string
	c := &cobra.Command{Use: "certificate", Short: "Fetch the newest certificate of the cluster's controller, to seal for", Args: cobra.NoArgs,
		Long: `Writes sealed-secrets/ENV/certificate.pem from the cluster of kubectl's current context. The newest is the one whose
validity begins last: the time at which its Secret was made is another one after a restore. Private keys are not read.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, key, err := secrets.FetchCertificate(cmd.Context(), t.cluster(env))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is of the key %s, valid from %s to %s\n", file, key.Secret,
				key.Certificate.NotBefore.UTC().Format(time.DateOnly), key.Certificate.NotAfter.UTC().Format(time.DateOnly))
			return err
		}}
	envFlag(c, &env)
	return c
}
