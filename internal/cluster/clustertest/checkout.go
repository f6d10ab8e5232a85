package clustertest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Root is the repository, from the folder of a package that is two folders below it.
const Root = "../.."

// Checkout copies manifests and sealed secrets, to be broken.
func Checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"kustomize", "sealed-secrets"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(Root, part))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Remove deletes a file.
func Remove(t *testing.T, path ...string) {
	t.Helper()
	if err := os.Remove(filepath.Join(path...)); err != nil {
		t.Fatal(err)
	}
}

// Edit replaces a text in a file, which must have it.
func Edit(t *testing.T, file, old, new string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("%s has no %q", file, old)
	}
	Write(t, []byte(strings.ReplaceAll(string(b), old, new)), file)
}

// AddComponent adds a component to an overlay that does not have it, after the others.
func AddComponent(t *testing.T, dir, overlay, component string) {
	t.Helper()
	file := filepath.Join(dir, "kustomize", "overlays", overlay, "kustomization.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line := "  - ../../components/" + component + "\n"
	if strings.Contains(string(b), line) {
		return
	}
	// The list of components is the last one in the file.
	Write(t, append(b, line...), file)
}

// Write writes a file, and its folder.
func Write(t *testing.T, text []byte, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Certificate makes a certificate of a new key, with its key, in PEM.
func Certificate(t *testing.T, from, to time.Time) (certificate, privateKey []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return SelfSigned(t, &key.PublicKey, key, from, to), pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

// SelfSigned makes a certificate of a key, in PEM.
func SelfSigned(t *testing.T, public, private any, from, to time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
