package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
	"auth.books.test/internal/secrets"
)

// sampleFingerprint is that of the certificate that gke's secrets are sealed for until
// somebody seals their own. Its private key was thrown away.
const sampleFingerprint = "SHA256:l+LTKCofjmT5SbjDZ+i0TTpt40HsDod63pnPcedV/a4"

// Files looks at what the repository has for an environment.
func Files(ctx context.Context, c cluster.Cluster) (found []Finding) {
	dir, env, sealed := c.Dir, c.Env, filepath.Join(c.Dir, c.Sealed())
	fetch := "go run ./cmd/platform certificate --env " + env
	sealAnew := fmt.Sprintf("go run ./cmd/platform seal --env %s --replace", env)
	text, err := os.ReadFile(filepath.Join(sealed, "certificate.pem"))
	if err != nil {
		return append(found, Finding{"there is no certificate to seal for in " + sealed, fetch})
	}
	certificate, err := sealing.ParseCertificate(text)
	if err != nil {
		return append(found, Finding{fmt.Sprintf("%s/certificate.pem: %v", sealed, err), fetch})
	}
	if err := certificate.Valid(c.Now()); err != nil {
		found = append(found, Finding{fmt.Sprintf("%s/certificate.pem: %v", sealed, err), fmt.Sprintf("%s && %s | go run ./cmd/platform reseal --env %s", fetch, c.Kubectl("get secrets -o json"), env)})
	}
	if certificate.Fingerprint == sampleFingerprint {
		found = append(found, Finding{"the secrets of " + env + " are samples that nobody can open", fetch + " && " + sealAnew})
	}
	found = append(found, examinePrivateKeys(sealed)...)
	found = append(found, examineSealed(ctx, c, certificate, sealAnew)...)
	set, err := cluster.Render(dir, env)
	if err != nil {
		fix := "git status kustomize sealed-secrets"
		if strings.Contains(err.Error(), "sealed-secrets/"+env) {
			fix = strings.TrimSuffix(sealAnew, " --replace")
		}
		return append(found, Finding{cluster.OneLine(err), fix})
	}
	for _, missing := range set.MissingSecrets() {
		found = append(found, Finding{missing + " is used and not sealed", strings.TrimSuffix(sealAnew, " --replace")})
	}
	return append(found, examineUnread(sealed, set)...)
}

// examinePrivateKeys finds private keys in the folder: with one, everybody who reads the repository opens what is
// sealed for it. Minikube's key is there by design.
func examinePrivateKeys(dir string) (found []Finding) {
	_ = filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || file == filepath.Join(dir, "key", "secret.yaml") && filepath.Base(dir) == "minikube" {
			return nil
		}
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "PRIVATE KEY-----") {
			found = append(found, Finding{file + " holds a private key: everybody who reads the repository can open what is sealed for it",
				"git rm " + file + ", make a new key (sealed-secrets/README.md), and rotate every value"})
		}
		return nil
	})
	return found
}

// examineUnread finds secrets that are sealed and not listed, or listed and not used by any pod.
func examineUnread(dir string, set *manifest.Set) (found []Finding) {
	applied := map[string]bool{}
	for _, o := range set.OfKind("SealedSecret") {
		applied[o.Name] = true
		needed := credential.Needed(secrets.BaseOf(o.Name)) || slices.ContainsFunc(set.References(), func(r manifest.Reference) bool { return secrets.BaseOf(r.Secret) == secrets.BaseOf(o.Name) })
		if !needed {
			found = append(found, Finding{fmt.Sprintf("%s is sealed, and no pod reads it: its name may be misspelt", o.Name), fmt.Sprintf("git rm %s/%s.yaml, and take it out of %[1]s/kustomization.yaml", dir, o.Name)})
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "kind: SealedSecret") && !applied[name] && len(set.MissingSecrets()) == 0 {
			found = append(found, Finding{fmt.Sprintf("%s is in the folder, and %s/kustomization.yaml does not list it, so it is not applied", file, dir), "add it there, or git rm " + file})
		}
	}
	return found
}
