package adopt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/sealing"
	"auth.books.test/internal/secrets"
	"auth.books.test/internal/wholefile"
)

// SealAnew makes a new sealing key for an environment, and seals new values for all that it
// needs. The private key goes to keyFile; that of an environment whose key is public stays
// in the repository. It tells where the key is.
func SealAnew(ctx context.Context, c cluster.Cluster, keyFile string) (where string, err error) {
	folder := filepath.Join(c.Dir, "sealed-secrets", c.Env)
	public := filepath.Join(folder, "key", "secret.yaml")
	_, err = os.Stat(public)
	switch {
	case err == nil:
		where, err = public, replacePublicKey(public, filepath.Join(folder, "certificate.pem"), c.Env)
	case errors.Is(err, fs.ErrNotExist):
		where = keyFile
		if err = os.Remove(filepath.Join(folder, "certificate.pem")); err == nil {
			_, err = secrets.NewKey(c.Dir, c.Env, keyFile)
		}
	}
	if err != nil {
		return "", fmt.Errorf("make a sealing key for %s: %w", c.Env, err)
	}
	if _, err := secrets.Seal(ctx, c, nil, true); err != nil {
		return "", fmt.Errorf("seal new secrets for %s: %w", c.Env, err)
	}
	return where, nil
}

// replacePublicKey replaces key and certificate in the file of a development key, whose
// comments stay, and the certificate beside it.
func replacePublicKey(file, certificateFile, env string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, _, found := strings.Cut(string(text), "  tls.crt: |\n")
	if !found {
		return fmt.Errorf("%s has no tls.crt in a block of its own", file)
	}
	key, certificate, err := sealing.NewKey("development " + env)
	if err != nil {
		return err
	}
	block := func(name string, pem []byte) string {
		return "  " + name + ": |\n    " + strings.ReplaceAll(strings.TrimSpace(string(pem)), "\n", "\n    ") + "\n"
	}
	return wholefile.ReplaceInOrder(0o644,
		wholefile.File{Name: file, Content: []byte(before + block("tls.crt", certificate) + block("tls.key", key))},
		wholefile.File{Name: certificateFile, Content: certificate})
}
