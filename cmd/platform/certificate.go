package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"auth.books.test/internal/sealing"
	"auth.books.test/internal/wholefile"
)

func certificateCommand(t *tool) *cobra.Command {
	var env string
	c := &cobra.Command{Use: "certificate", Short: "Fetch the newest certificate of the cluster's controller, to seal for", Args: cobra.NoArgs,
		Long: `Writes sealed-secrets/ENV/certificate.pem from the cluster of kubectl's current context. The newest is the one whose
validity begins last: the time at which its Secret was made is another one after a restore. Private keys are not read.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := knownEnvironment(t.dir, env); err != nil {
				return err
			}
			return t.fetchCertificate(cmd.Context(), env, cmd.OutOrStdout())
		}}
	c.Flags().StringVar(&env, "env", "", "the overlay, minikube or gke")
	_ = c.MarkFlagRequired("env")
	return c
}

func (t *tool) fetchCertificate(ctx context.Context, env string, out io.Writer) error {
	c := t.cluster(env)
	if _, found := c.reach(ctx); len(found) > 0 {
		return fmt.Errorf("%s: %s", found[0].problem, found[0].mend)
	}
	keys, err := c.sealingKeys(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.compromised || k.certificate.Valid(t.now()) != nil {
			continue
		}
		file := filepath.Join(t.dir, "sealed-secrets", env, "certificate.pem")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("write the certificate: %w", err)
		}
		if err := wholefile.Replace(file, k.pem, 0o644); err != nil {
			return fmt.Errorf("write the certificate: %w", err)
		}
		_, err := fmt.Fprintf(out, "%s is of the key %s, valid from %s to %s\n", file, k.secret, k.certificate.NotBefore.UTC().Format("2006-01-02"), k.certificate.NotAfter.UTC().Format("2006-01-02"))
		return err
	}
	return errors.New("the controller has no key whose certificate is valid: kubectl -n sealed-secrets rollout restart deployment/sealed-secrets makes one")
}

// sealingKey is a key that the controller opens with, by its certificate.
type sealingKey struct {
	secret      string
	pem         []byte
	certificate sealing.Certificate
	compromised bool
}

const keyLabel = "sealedsecrets.bitnami.com/sealed-secrets-key"

// sealingKeys are the controller's, the newest first: by when validity begins. Only certificates are asked for.
func (c cluster) sealingKeys(ctx context.Context) (keys []sealingKey, err error) {
	out, err := c.run(ctx, "--namespace", "sealed-secrets", "get", "secrets", "-l", keyLabel, "-o", keysFormat)
	if err != nil {
		return nil, fmt.Errorf("the controller's certificates cannot be read (kubectl -n sealed-secrets get secrets -l %s): %w", keyLabel, err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		text, err := base64.StdEncoding.DecodeString(fields[1])
		if err != nil {
			continue
		}
		certificate, err := sealing.ParseCertificate(text)
		if err != nil {
			continue // the controller does not take it either
		}
		keys = append(keys, sealingKey{fields[0], text, certificate, len(fields) > 2 && fields[2] == "compromised"})
	}
	slices.SortStableFunc(keys, func(a, b sealingKey) int { return b.certificate.NotBefore.Compare(a.certificate.NotBefore) })
	return keys, nil
}

const keysFormat = `jsonpath={range .items[*]}{.metadata.name}{" "}{.data.tls\.crt}{" "}{.metadata.labels.sealedsecrets\.bitnami\.com/sealed-secrets-key}{"\n"}{end}`

// opens says why the cluster would not open what is sealed for a certificate; nothing if there is no
// cluster of this environment to ask, or none with a controller yet.
func (c cluster) opens(ctx context.Context, sealer *sealing.Sealer) error {
	current, found := c.reach(ctx)
	if len(found) > 0 {
		return nil
	}
	keys, err := c.sealingKeys(ctx)
	if err != nil || len(keys) == 0 {
		return nil
	}
	if i := slices.IndexFunc(keys, func(k sealingKey) bool { return k.certificate.Fingerprint == sealer.Fingerprint() }); i >= 0 {
		if keys[i].compromised {
			return fmt.Errorf("the certificate is of the key %s, which is marked as compromised: go run ./cmd/platform certificate --env %s", keys[i].secret, c.env)
		}
		return nil
	}
	if own, err := developmentKey(filepath.Join(c.dir, "sealed-secrets", c.env)); err == nil && sealer.For(own) {
		return nil // the repository has the key, and gives it to the cluster
	}
	return fmt.Errorf("the certificate in %s is of no key that the controller of %q has, so nothing sealed for it would open there: go run ./cmd/platform certificate --env %s", c.sealed(), current, c.env)
}
