package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"auth.books.test/internal/sealing"
)

func sealCommand(dir *string) *cobra.Command {
	var env string
	var fromStdin, replace bool
	c := &cobra.Command{Use: "seal", Short: "Seal every secret that an overlay needs, with random values or values from standard input", Args: cobra.NoArgs,
		Long: `Seals for the certificate in sealed-secrets/ENV/certificate.pem and writes sealed-secrets/ENV/NAME.yaml.
What is sealed already stays, unless --replace is given.

With --stdin, chosen values come as JSON, such as {"auth-db-credentials": {"password": "…"}}; the others are random.
No value is ever shown.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var given sealing.Values
			if fromStdin {
				decoder := json.NewDecoder(cmd.InOrStdin())
				if err := decoder.Decode(&given); err != nil {
					// The error would show a piece of the input.
					return errors.New(`standard input is not JSON of the form {"name": {"key": "value"}}`)
				}
			}
			return seal(filepath.Join(*dir, "sealed-secrets", env), given, replace, cmd.OutOrStdout())
		}}
	c.Flags().StringVar(&env, "env", "", "the overlay, minikube or gke")
	c.Flags().BoolVar(&fromStdin, "stdin", false, "read chosen values from standard input")
	c.Flags().BoolVar(&replace, "replace", false, "seal anew what is sealed already")
	_ = c.MarkFlagRequired("env")
	return c
}

func seal(dir string, given sealing.Values, replace bool, out io.Writer) error {
	certificate, err := os.ReadFile(filepath.Join(dir, "certificate.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s/certificate.pem: fetch it from the cluster's controller (kubeseal --fetch-cert), or make a key with platform key", dir)
	}
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	sealer, err := sealing.NewSealer(certificate, rand.Reader)
	if err != nil {
		return err
	}
	secrets, err := sealing.Fresh(given, rand.Reader)
	if err != nil {
		return err
	}
	var missing []sealing.Secret
	for _, s := range secrets {
		if _, err := os.Stat(filepath.Join(dir, s.Name+".yaml")); err != nil || replace {
			missing = append(missing, s)
		}
	}
	// Passwords and the users' file belong together: a part of them would not fit the rest.
	if len(missing) > 0 && len(missing) < len(secrets) {
		return fmt.Errorf("only some secrets are sealed in %s: seal all anew with --replace, then roll the stores", dir)
	}
	for _, s := range missing {
		sealed, err := sealer.Seal(s)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, s.Name+".yaml"), sealed, 0o644); err != nil {
			return fmt.Errorf("write a SealedSecret: %w", err)
		}
		fmt.Fprintf(out, "sealed %s/%s\n", s.Namespace, s.Name)
	}
	if len(missing) == 0 {
		fmt.Fprintln(out, "Everything is sealed already.")
	}
	return nil
}
