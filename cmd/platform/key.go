package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"auth.books.test/internal/sealing"
	"auth.books.test/internal/wholefile"
)

func keyCommand(t *tool) *cobra.Command {
	var env, keyFile string
	c := &cobra.Command{Use: "key", Short: "Make a sealing key: the certificate into the repository, the private key into a file", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := knownEnvironment(t.dir, env); err != nil {
				return err
			}
			certificateFile := filepath.Join(t.dir, "sealed-secrets", env, "certificate.pem")
			_, noCertificate := os.Stat(certificateFile)
			if _, err := os.Stat(keyFile); err == nil && errors.Is(noCertificate, fs.ErrNotExist) {
				return fmt.Errorf("%s is there, and %s is not: if an earlier platform key was interrupted, nothing is sealed for that key: remove it and try again", keyFile, certificateFile)
			}
			for _, file := range []string{keyFile, certificateFile} {
				if _, err := os.Stat(file); err == nil {
					return fmt.Errorf("%s is there already: what is sealed for it could not be opened with another key", file)
				}
			}
			key, certificate, err := sealing.NewKey("auth.books.test " + env)
			if err != nil {
				return err
			}
			// Create, not Replace: of two at once, neither may lose its key to the other.
			if err := wholefile.Create(keyFile, key, 0o600); err != nil {
				return fmt.Errorf("write the key: %w", err)
			}
			if err := wholefile.Create(certificateFile, certificate, 0o644); err != nil {
				// Nothing is sealed for this key, and it would be in the way of the next.
				return errors.Join(fmt.Errorf("write the certificate: %w", err), os.Remove(keyFile))
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s and %s. Give the key to the cluster before its controller starts:\n  kubectl -n sealed-secrets create secret tls sealing-key --cert=%[2]s --key=%[1]s\n  kubectl -n sealed-secrets label secret sealing-key sealedsecrets.bitnami.com/sealed-secrets-key=active\n", keyFile, certificateFile)
			return err
		}}
	c.Flags().StringVar(&env, "env", "", "the overlay, minikube or gke")
	c.Flags().StringVar(&keyFile, "key", "", "where to write the private key")
	_ = c.MarkFlagRequired("env")
	_ = c.MarkFlagRequired("key")
	return c
}
