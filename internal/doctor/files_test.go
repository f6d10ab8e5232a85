package doctor_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/credential"
	"auth.books.test/internal/doctor"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
	"auth.books.test/internal/secrets"
)

// sealAs seals values for Minikube as they are, and does not list them.
func sealAs(t *testing.T, dir, name string, data map[string]string) {
	t.Helper()
	folder := filepath.Join(dir, "sealed-secrets/minikube")
	certificate, err := os.ReadFile(filepath.Join(folder, "certificate.pem"))
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := sealing.NewSealer(certificate, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := credential.Secret(name, data)
	secret.Namespace = manifest.Namespace(clustertest.Root, "minikube")
	sealed, err := sealer.Seal(secret)
	if err != nil {
		t.Fatal(err)
	}
	clustertest.Write(t, sealed, folder, name+".yaml")
}

// Not parallel: rendering is for one at a time.
func TestEachProblemInTheFilesIsNamedWithItsFix(t *testing.T) {
	for _, c := range []struct {
		name, env string
		breakIt   func(t *testing.T, dir string)
		says, fix string
	}{
		{"all is well", "minikube", func(*testing.T, string) {}, "", ""},
		{"gke has samples", "gke", func(t *testing.T, dir string) {
			sample, err := os.ReadFile("testdata/sample.pem") // gke's, until somebody seals their own
			if err != nil {
				t.Fatal(err)
			}
			clustertest.Write(t, sample, dir, "sealed-secrets/gke/certificate.pem")
		}, "are samples that nobody can open", "platform seal --env gke --replace"},
		{"no certificate", "gke", func(t *testing.T, dir string) {
			clustertest.Remove(t, filepath.Join(dir, "sealed-secrets/gke/certificate.pem"))
		}, "there is no certificate", "go run ./cmd/platform certificate --env gke"},
		{"no development key", "minikube", func(t *testing.T, dir string) {
			clustertest.Remove(t, filepath.Join(dir, "sealed-secrets/minikube/key/secret.yaml"))
		}, "the development key", "git diff HEAD -- "},
		{"sealed for another namespace", "minikube", func(t *testing.T, dir string) {
			clustertest.Edit(t, filepath.Join(dir, "sealed-secrets/minikube/session-db-token-key.yaml"), "namespace: auth", "namespace: shop")
		}, "session-db-token-key.yaml: ", "platform seal --env minikube --replace"},
		{"sealed for another namespace, without the key", "gke", func(t *testing.T, dir string) {
			clustertest.Edit(t, filepath.Join(dir, "sealed-secrets/gke/session-db-token-key.yaml"), "namespace: auth", "namespace: shop")
		}, "session-db-token-key.yaml: sealed for shop/session-db-token-key", "platform seal --env gke --replace"},
		{"changed after it was sealed", "minikube", func(t *testing.T, dir string) {
			clustertest.Edit(t, filepath.Join(dir, "sealed-secrets/minikube/auth-db-credentials.yaml"), "password: Ag", "password: Bg")
		}, "auth-db-credentials.yaml: password of auth-db-credentials: the key does not open", "platform seal --env minikube --replace"},
		{"a file that is missing", "minikube", func(t *testing.T, dir string) {
			clustertest.Remove(t, filepath.Join(dir, "sealed-secrets/minikube/session-db-users.yaml"))
		}, "session-db-users.yaml", "go run ./cmd/platform seal --env minikube"},
		{"an overlay that cannot be rendered", "gke", func(t *testing.T, dir string) {
			clustertest.Edit(t, filepath.Join(dir, "kustomize/overlays/gke/kustomization.yaml"), "patch-spread.yaml", "patch-spraed.yaml")
		}, "patch-spraed.yaml", "git status kustomize"},
		{"an expired certificate", "minikube", func(t *testing.T, dir string) {
			certificate, _ := clustertest.Certificate(t, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
			clustertest.Write(t, certificate, dir, "sealed-secrets/minikube/certificate.pem")
		}, "certificate.pem: the certificate expired on", "platform certificate --env minikube"},
		{"a certificate of another key", "minikube", func(t *testing.T, dir string) {
			certificate, _ := clustertest.Certificate(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
			clustertest.Write(t, certificate, dir, "sealed-secrets/minikube/certificate.pem")
		}, "certificate.pem is not of the development key", "git diff HEAD -- "},
		{"sealed for another certificate", "gke", func(t *testing.T, dir string) {
			if _, err := secrets.Seal(t.Context(), clustertest.Recorded{}.Cluster(dir, "gke"), nil, true); err != nil {
				t.Fatal(err)
			}
			certificate, _ := clustertest.Certificate(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
			clustertest.Write(t, certificate, dir, "sealed-secrets/gke/certificate.pem")
		}, "auth-db-users.yaml: it was sealed for the key SHA256:", "platform seal --env gke --replace"},
		{"all sealed for another key", "minikube", func(t *testing.T, dir string) {
			for _, name := range []string{"auth-db-credentials", "auth-db-users", "session-db-users"} {
				text, err := os.ReadFile(filepath.Join(dir, "sealed-secrets/gke", name+".yaml"))
				if err != nil {
					t.Fatal(err)
				}
				// Files that were sealed before the line that names their key was written.
				if strings.HasPrefix(string(text), "# Sealed for") {
					_, after, _ := strings.Cut(string(text), "\n")
					text = []byte(after)
				}
				clustertest.Write(t, text, dir, "sealed-secrets/minikube", name+".yaml")
			}
		}, "the development key opens none of auth-db-credentials.yaml, auth-db-users.yaml, session-db-users.yaml", "git diff HEAD -- "},
		{"a private key", "gke", func(t *testing.T, dir string) {
			_, private := clustertest.Certificate(t, time.Now(), time.Now())
			clustertest.Write(t, private, dir, "sealed-secrets/gke/key/key.pem")
		}, "key.pem holds a private key", "git rm"},
		{"another scope", "minikube", func(t *testing.T, dir string) {
			clustertest.Edit(t, filepath.Join(dir, "sealed-secrets/minikube/session-db-token-key.yaml"), "metadata:\n  name:", "metadata:\n  annotations: {sealedsecrets.bitnami.com/cluster-wide: \"true\"}\n  name:")
		}, "it has the annotation sealedsecrets.bitnami.com/cluster-wide", "platform seal"},
		{"another name in the template", "gke", func(t *testing.T, dir string) {
			clustertest.Edit(t, filepath.Join(dir, "sealed-secrets/gke/session-db-token-key.yaml"), "      name: session-db-token-key", "      name: session-db-token")
		}, "the Secret in its template is auth/session-db-token", "platform seal"},
		{"a value of a bad form", "minikube", func(t *testing.T, dir string) {
			sealAs(t, dir, "session-db-token-key", map[string]string{"keys": "no ring"})
		}, "session-db-token-key: key 1: write it as id:secret", "platform seal"},
		{"a password that the store does not know", "minikube", func(t *testing.T, dir string) {
			sealAs(t, dir, "session-db-verifier", map[string]string{"password": "another"})
		}, "the password in session-db-verifier is not one that session-db-users lets in", "git diff HEAD -- "},
		{"a name that nobody reads", "minikube", func(t *testing.T, dir string) {
			sealAs(t, dir, "session-db-verifyer", map[string]string{"password": "another"})
			clustertest.Edit(t, filepath.Join(dir, "sealed-secrets/minikube/kustomization.yaml"), "resources:\n", "resources:\n  - session-db-verifyer.yaml\n")
		}, "session-db-verifyer is sealed, and no pod reads it", "git rm"},
		{"a file that is not listed", "minikube", func(t *testing.T, dir string) {
			sealAs(t, dir, "mail", map[string]string{"password": "another"})
		}, "mail.yaml is in the folder", "add it there"},
		{"a secret that is missing", "minikube", func(t *testing.T, dir string) {
			clustertest.Edit(t, filepath.Join(dir, "sealed-secrets/minikube/kustomization.yaml"), "  - session-db-users.yaml\n", "")
		}, "session-db/session-db-users is used and not sealed", "platform seal"},
		{"a key that is missing", "minikube", func(t *testing.T, dir string) {
			clustertest.Edit(t, filepath.Join(dir, "kustomize/base/auth-api/deployment.yaml"), "key: keys", "key: key")
		}, "auth-api/session-db-token-key.key is used and not sealed", "platform seal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := clustertest.Checkout(t)
			c.breakIt(t, dir)
			found := doctor.Files(t.Context(), clustertest.Recorded{}.Cluster(dir, c.env))
			if c.says == "" && len(found) == 0 || slices.ContainsFunc(found, func(f doctor.Finding) bool {
				return c.says != "" && strings.Contains(f.Problem, c.says) && strings.Contains(f.Fix, c.fix) && !strings.Contains(f.Problem+f.Fix, "\n")
			}) {
				return
			}
			t.Errorf("no problem with %q and fix with %q in %q", c.says, c.fix, found)
		})
	}
}
