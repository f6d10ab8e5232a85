package secrets

import (
	"context"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/sealing"
)

// Key is a key that the controller opens with, by its certificate.
type Key struct {
	Secret      string
	Certificate sealing.Certificate

	pem         []byte
	compromised bool
}

// KeyLabel is the label by which the controller finds its keys.
const KeyLabel = "sealedsecrets.bitnami.com/sealed-secrets-key"

// Keys are the controller's, the newest first: by when their validity begins. Only certificates are asked for.
func Keys(ctx context.Context, c cluster.Cluster) (keys []Key, err error) {
	out, err := c.Run(ctx, "--namespace", "sealed-secrets", "get", "secrets", "-l", KeyLabel, "-o", keysFormat)
	if err != nil {
		return nil, fmt.Errorf("the controller's certificates cannot be read (kubectl -n sealed-secrets get secrets -l %s): %w", KeyLabel, err)
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
			continue // the controller does not use it either
		}
		keys = append(keys, Key{fields[0], certificate, text, len(fields) > 2 && fields[2] == "compromised"})
	}
	slices.SortStableFunc(keys, func(a, b Key) int { return b.Certificate.NotBefore.Compare(a.Certificate.NotBefore) })
	return keys, nil
}

const keysFormat = `jsonpath={range .items[*]}{.metadata.name}{" "}{.data.tls\.crt}{" "}{.metadata.labels.sealedsecrets\.bitnami\.com/sealed-secrets-key}{"\n"}{end}`

// opens says why the cluster would not open what is sealed for a certificate; nothing if there is no
// cluster of this environment to ask, or none with a controller yet.
func opens(ctx context.Context, c cluster.Cluster, sealer *sealing.Sealer) error {
	current, err := c.Reach(ctx)
	if err != nil {
		return nil
	}
	keys, err := Keys(ctx, c)
	if err != nil || len(keys) == 0 {
		return nil
	}
	if i := slices.IndexFunc(keys, func(k Key) bool { return k.Certificate.Fingerprint == sealer.Fingerprint() }); i >= 0 {
		if keys[i].compromised {
			return fmt.Errorf("the certificate is of the key %s, which is marked as compromised: go run ./cmd/platform certificate --env %s", keys[i].Secret, c.Env)
		}
		return nil
	}
	if own, err := DevelopmentKey(filepath.Join(c.Dir, "sealed-secrets", c.Env)); err == nil && sealer.For(own) {
		return nil // the repository has the key, and gives it to the cluster
	}
	return fmt.Errorf("the certificate in %s is of no key that the controller of %q has, so nothing sealed for it would open there: go run ./cmd/platform certificate --env %s", c.Sealed(), current, c.Env)
}
