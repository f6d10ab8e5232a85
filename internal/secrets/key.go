package secrets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/sealing"
	"auth.books.test/internal/wholefile"
)

// NewKey makes a sealing key for an environment: it writes the private key to keyFile, and the certificate, whose path
// it gives, into the environment's folder. It replaces neither.
func NewKey(dir, env, keyFile string) (certificateFile string, err error) {
	if err := cluster.CheckEnvironment(dir, env); err != nil {
		return "", err
	}
	certificateFile = filepath.Join(dir, "sealed-secrets", env, "certificate.pem")
	_, noCertificate := os.Stat(certificateFile)
	if _, err := os.Stat(keyFile); err == nil && errors.Is(noCertificate, fs.ErrNotExist) {
		return "", fmt.Errorf("%s exists, and %s does not: if an earlier platform key was interrupted, nothing is sealed for that key: remove it and try again", keyFile, certificateFile)
	}
	for _, file := range []string{keyFile, certificateFile} {
		if _, err := os.Stat(file); err == nil {
			return "", fmt.Errorf("%s exists already: what is sealed for it could not be opened with another key", file)
		}
	}
	key, certificate, err := sealing.NewKey("auth.books.test " + env)
	if err != nil {
		return "", err
	}
	// Create, not Replace: of two runs at once, neither may overwrite the other's key.
	if err := wholefile.Create(keyFile, key, 0o600); err != nil {
		return "", fmt.Errorf("write the key: %w", err)
	}
	if err := wholefile.Create(certificateFile, certificate, 0o644); err != nil {
		// Nothing is sealed for this key, and it would stop the next run.
		return "", errors.Join(fmt.Errorf("write the certificate: %w", err), os.Remove(keyFile))
	}
	return certificateFile, nil
}
