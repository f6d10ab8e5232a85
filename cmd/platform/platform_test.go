package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/credential"
)

// checkout copies what the commands read, to be broken.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"kustomize", "sealed-secrets"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join("../..", part))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func do(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	return doWith(t, recorded{}, stdin, args...)
}

// doWith runs a command beside a cluster that answers as recorded.
func doWith(t *testing.T, answers recorded, stdin string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	platform := &tool{run: answers.run, now: time.Now}
	err := platform.command(args, strings.NewReader(stdin), &out, &out).ExecuteContext(t.Context())
	return out.String(), err
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

func edit(t *testing.T, file, old, new string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(b), old, new)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sealAs seals values for Minikube as they are, and does not list them.
func sealAs(t *testing.T, dir, name string, data map[string]string) {
	t.Helper()
	f, err := openFolder(dir, "minikube")
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := f.sealer(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealer.Seal(credential.Secret(name, data))
	if err != nil {
		t.Fatal(err)
	}
	write(t, sealed, f.file(name))
}

// Not parallel: rendering is for one at a time.
func TestDoctorSaysEachFaultInALineWithWhatMendsIt(t *testing.T) {
	for _, c := range []struct {
		name, env  string
		breakIt    func(t *testing.T, dir string)
		says, mend string
	}{
		{"all is well", "minikube", func(*testing.T, string) {}, "Everything looks well.", ""},
		{"gke has samples", "gke", func(*testing.T, string) {}, "are samples that nobody can open", "platform seal --env gke --replace"},
		{"no certificate", "gke", func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, "sealed-secrets/gke/certificate.pem"))
		}, "there is no certificate", "go run ./cmd/platform certificate --env gke"},
		{"no development key", "minikube", func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, "sealed-secrets/minikube/key/secret.yaml"))
		}, "the development key", "git checkout"},
		{"sealed for another namespace", "minikube", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "sealed-secrets/minikube/session-db-token-key.yaml"), "namespace: auth", "namespace: shop")
		}, "session-db-token-key.yaml: ", "platform seal --env minikube --replace"},
		{"sealed for another namespace, without the key", "gke", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "sealed-secrets/gke/session-db-token-key.yaml"), "namespace: auth", "namespace: shop")
		}, "session-db-token-key.yaml: sealed for shop/session-db-token-key", "platform seal --env gke --replace"},
		{"changed after it was sealed", "minikube", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "sealed-secrets/minikube/auth-db-credentials.yaml"), "password: Ag", "password: Bg")
		}, "auth-db-credentials.yaml: password of auth-db-credentials: the key does not open", "platform seal --env minikube --replace"},
		{"a file that is missing", "minikube", func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, "sealed-secrets/minikube/session-db-users.yaml"))
		}, "session-db-users.yaml", "go run ./cmd/platform seal --env minikube"},
		{"an overlay that cannot be rendered", "gke", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "kustomize/overlays/gke/kustomization.yaml"), "patch-spread.yaml", "patch-spraed.yaml")
		}, "patch-spraed.yaml", "git status kustomize"},
		{"an expired certificate", "minikube", func(t *testing.T, dir string) {
			certificate, _ := certificateFor(t, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
			write(t, certificate, dir, "sealed-secrets/minikube/certificate.pem")
		}, "certificate.pem: the certificate expired on", "platform certificate --env minikube"},
		{"a certificate of another key", "minikube", func(t *testing.T, dir string) {
			certificate, _ := certificateFor(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
			write(t, certificate, dir, "sealed-secrets/minikube/certificate.pem")
		}, "certificate.pem is not of the development key", "git checkout -- "},
		{"sealed for another certificate", "gke", func(t *testing.T, dir string) {
			must(t, "", "seal", "--env", "gke", "--replace", "--dir", dir)
			certificate, _ := certificateFor(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
			write(t, certificate, dir, "sealed-secrets/gke/certificate.pem")
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
				write(t, text, dir, "sealed-secrets/minikube", name+".yaml")
			}
		}, "the development key opens none of auth-db-credentials.yaml, auth-db-users.yaml, session-db-users.yaml", "git checkout"},
		{"a private key", "gke", func(t *testing.T, dir string) {
			_, private := certificateFor(t, time.Now(), time.Now())
			write(t, private, dir, "sealed-secrets/gke/key/key.pem")
		}, "key.pem holds a private key", "git rm"},
		{"another scope", "minikube", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "sealed-secrets/minikube/session-db-token-key.yaml"), "metadata:\n  name:", "metadata:\n  annotations: {sealedsecrets.bitnami.com/cluster-wide: \"true\"}\n  name:")
		}, "it has the annotation sealedsecrets.bitnami.com/cluster-wide", "platform seal"},
		{"another name in the template", "gke", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "sealed-secrets/gke/session-db-token-key.yaml"), "      name: session-db-token-key", "      name: session-db-token")
		}, "the Secret in its template is auth/session-db-token", "platform seal"},
		{"a value of a bad form", "minikube", func(t *testing.T, dir string) {
			sealAs(t, dir, "session-db-token-key", map[string]string{"keys": "no ring"})
		}, "session-db-token-key: key 1: write it as id:secret", "platform seal"},
		{"a password that the store does not know", "minikube", func(t *testing.T, dir string) {
			sealAs(t, dir, "session-db-verifier", map[string]string{"password": "another"})
		}, "the password in session-db-verifier is not one that session-db-users lets in", "git checkout"},
		{"a name that nobody reads", "minikube", func(t *testing.T, dir string) {
			sealAs(t, dir, "session-db-verifyer", map[string]string{"password": "another"})
			edit(t, filepath.Join(dir, "sealed-secrets/minikube/kustomization.yaml"), "resources:\n", "resources:\n  - session-db-verifyer.yaml\n")
		}, "session-db-verifyer is sealed, and no pod reads it", "git rm"},
		{"a file that is not listed", "minikube", func(t *testing.T, dir string) {
			sealAs(t, dir, "mail", map[string]string{"password": "another"})
		}, "mail.yaml is in the folder", "add it there"},
		{"a secret that is missing", "minikube", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "sealed-secrets/minikube/kustomization.yaml"), "  - session-db-users.yaml\n", "")
		}, "session-db/session-db-users is used and not sealed", "platform seal"},
		{"a key that is missing", "minikube", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "kustomize/base/auth-api/deployment.yaml"), "key: keys", "key: key")
		}, "auth-api/session-db-token-key.key is used and not sealed", "platform seal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := checkout(t)
			c.breakIt(t, dir)
			out, err := do(t, "", "doctor", "--offline", "--env", c.env, "--dir", dir)
			if (err == nil) != (c.mend == "") {
				t.Fatalf("%v\n%s", err, out)
			}
			for line := range strings.Lines(out) {
				if strings.Contains(line, c.says) && strings.Contains(line, c.mend) {
					return
				}
			}
			t.Errorf("no line with %q and %q in:\n%s", c.says, c.mend, out)
		})
	}
}

func TestSealFillsWhatTheOverlayNeedsAndShowsNothing(t *testing.T) {
	dir := checkout(t)
	if out, err := do(t, "", "seal", "--env", "minikube", "--dir", dir); err != nil || !strings.Contains(out, "sealed already") {
		t.Errorf("sealed anew without being asked: %v, %s", err, out)
	}
	out, err := do(t, `{"auth-db-credentials": {"password": "hush-hush-hush"}}`, "seal", "--env", "minikube", "--replace", "--stdin", "--dir", dir)
	if err != nil || strings.Contains(out, "hush") || strings.Count(out, "sealed auth/") != 7 {
		t.Errorf("%v, %s", err, out)
	}
	files, err := exec.Command("grep", "-rl", "hush", dir).CombinedOutput()
	if err == nil {
		t.Errorf("the value stands in %s", files)
	}
	if out, err := do(t, "", "doctor", "--offline", "--env", "minikube", "--dir", dir); err != nil {
		t.Errorf("after sealing: %v, %s", err, out)
	}
	remove(t, filepath.Join(dir, "sealed-secrets/minikube/session-db-users.yaml"))
	if _, err := do(t, "", "seal", "--env", "minikube", "--dir", dir); err == nil || !strings.Contains(err.Error(), "--replace") {
		t.Errorf("sealed a part that does not fit the rest: %v", err)
	}
	for _, bad := range []string{"", "hush-hush", `{"auth-db-credential": {"password": "hush"}}`} {
		if out, err := do(t, bad, "seal", "--env", "minikube", "--replace", "--stdin", "--dir", dir); err == nil || strings.Contains(out+err.Error(), "hush") {
			t.Errorf("%q: %v, %s", bad, err, out)
		}
	}
}

func TestRenderPrintsTheOverlay(t *testing.T) {
	out, err := do(t, "", "render", "gke", "--dir", "../..")
	if err != nil || !strings.Contains(out, "kind: HealthCheckPolicy") {
		t.Errorf("%v, %.200s", err, out)
	}
	if _, err := do(t, "", "render", "nowhere", "--dir", "../.."); err == nil {
		t.Error("rendered nowhere")
	}
}

func TestKeyIsNeverReplaced(t *testing.T) {
	dir := checkout(t)
	key := filepath.Join(t.TempDir(), "key.pem")
	if _, err := do(t, "", "key", "--env", "gke", "--key", key, "--dir", dir); err == nil {
		t.Error("replaced a certificate that secrets are sealed for")
	}
	remove(t, filepath.Join(dir, "sealed-secrets/gke/certificate.pem"))
	if out, err := do(t, "", "key", "--env", "gke", "--key", key, "--dir", dir); err != nil || !strings.Contains(out, "create secret tls") {
		t.Errorf("%v, %s", err, out)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v", err)
	}
}
