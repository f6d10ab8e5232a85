package secrets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/wholefile"
)

// FetchCertificate writes the newest certificate of the cluster's controller into the environment's folder, and gives
// that file and the controller's key.
func FetchCertificate(ctx context.Context, c cluster.Cluster) (file string, newest Key, err error) {
	if err := cluster.CheckEnvironment(c.Dir, c.Env); err != nil {
		return "", Key{}, err
	}
	if _, err := c.Reach(ctx); err != nil {
		return "", Key{}, err
	}
	keys, err := Keys(ctx, c)
	if err != nil {
		return "", Key{}, err
	}
	for _, k := range keys {
		if k.compromised || k.Certificate.Valid(c.Now()) != nil {
			continue
		}
		file := filepath.Join(c.Dir, c.Sealed(), "certificate.pem")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return "", Key{}, fmt.Errorf("write the certificate: %w", err)
		}
		if err := wholefile.Replace(file, k.pem, 0o644); err != nil {
			return "", Key{}, fmt.Errorf("write the certificate: %w", err)
		}
		return file, k, nil
	}
	return "", Key{}, errors.New("the controller has no key whose certificate is valid: kubectl -n sealed-secrets rollout restart deployment/sealed-secrets makes one")
}
