package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"auth.books.test/internal/secrets"
)

func keyCommand(t *tool) *cobra.Command {
	var env, keyFile string
	c := &cobra.Command{Use: "key", Short: "Make a sealing key: the certificate into the repository, the private key into a file", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			certificateFile, err := secrets.NewKey(t.dir, env, keyFile)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s and %s. Give the key to the cluster before its controller starts:\n  kubectl -n sealed-secrets create secret tls sealing-key --cert=%[2]s --key=%[1]s\n  kubectl -n sealed-secrets label secret sealing-key sealedsecrets.bitnami.com/sealed-secrets-key=active\n", keyFile, certificateFile)
			return err
		}}
	envFlag(c, &env)
	c.Flags().StringVar(&keyFile, "key", "", "where to write the private key")
	_ = c.MarkFlagRequired("key")
	return c
}
