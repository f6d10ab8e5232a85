package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
)

// sampleFingerprint is of the certificate that gke's secrets are sealed for until
// somebody seals their own. Its private key was thrown away.
const sampleFingerprint = "SHA256:l+LTKCofjmT5SbjDZ+i0TTpt40HsDod63pnPcedV/a4"

// examineFiles looks at what is in the repository for an overlay.
func examineFiles(dir, env string, now time.Time) (found []finding) {
	sealed := filepath.Join(dir, "sealed-secrets", env)
	fetch := "go run ./cmd/platform certificate --env " + env
	sealAnew := fmt.Sprintf("go run ./cmd/platform seal --env %s --replace", env)
	text, err := os.ReadFile(filepath.Join(sealed, "certificate.pem"))
	if err != nil {
		return append(found, finding{"there is no certificate to seal for in " + sealed, fetch})
	}
	certificate, err := sealing.ParseCertificate(text)
	if err != nil {
		return append(found, finding{fmt.Sprintf("%s/certificate.pem: %v", sealed, err), fetch})
	}
	if err := certificate.Valid(now); err != nil {
		found = append(found, finding{fmt.Sprintf("%s/certificate.pem: %v", sealed, err), fmt.Sprintf("%s && kubectl -n auth get secrets -o json | go run ./cmd/platform reseal --env %s", fetch, env)})
	}
	if certificate.Fingerprint == sampleFingerprint {
		found = append(found, finding{"the secrets of " + env + " are samples that nobody can open", fetch + " && " + sealAnew})
	}
	found = append(found, examinePrivateKeys(sealed)...)
	found = append(found, examineSealed(sealed, certificate, sealAnew)...)
	set, err := rendered(dir, env)
	if err != nil {
		mend := "git status kustomize sealed-secrets"
		if strings.Contains(err.Error(), "sealed-secrets/"+env) {
			mend = strings.TrimSuffix(sealAnew, " --replace")
		}
		return append(found, finding{oneLine(err), mend})
	}
	for _, missing := range set.MissingSecrets() {
		found = append(found, finding{missing + " is used and not sealed", strings.TrimSuffix(sealAnew, " --replace")})
	}
	return append(found, examineUnread(sealed, set)...)
}

// examinePrivateKeys finds private keys beside what is sealed for them, but for the one of Minikube, which is
// public by design: whoever reads the repository could open everything.
func examinePrivateKeys(dir string) (found []finding) {
	_ = filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || file == filepath.Join(dir, "key", "secret.yaml") && filepath.Base(dir) == "minikube" {
			return nil
		}
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "PRIVATE KEY-----") {
			found = append(found, finding{file + " holds a private key: whoever reads the repository opens what is sealed for it",
				"git rm " + file + ", make a new key (sealed-secrets/README.md), and rotate every value"})
		}
		return nil
	})
	return found
}

// examineUnread finds what is sealed and not listed, or listed and read by nobody.
func examineUnread(dir string, set *manifest.Set) (found []finding) {
	applied := map[string]bool{}
	for _, o := range set.OfKind("SealedSecret") {
		applied[o.Name] = true
		needed := credential.Needed(baseOf(o.Name)) || slices.ContainsFunc(set.References(), func(r manifest.Reference) bool { return baseOf(r.Secret) == baseOf(o.Name) })
		if !needed {
			found = append(found, finding{fmt.Sprintf("%s is sealed, and no pod reads it: its name may be misspelt", o.Name), fmt.Sprintf("git rm %s/%s.yaml, and take it out of %[1]s/kustomization.yaml", dir, o.Name)})
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "kind: SealedSecret") && !applied[name] && len(set.MissingSecrets()) == 0 {
			found = append(found, finding{fmt.Sprintf("%s is in the folder, and %s/kustomization.yaml does not list it, so it is not applied", file, dir), "add it there, or git rm " + file})
		}
	}
	return found
}

// examineSealed looks at each sealed file, and opens what the development key should open. Where there is no
// such key, it sees whom a secret is sealed for, and only the controller can tell the rest.
func examineSealed(dir string, certificate sealing.Certificate, sealAnew string) (found []finding) {
	key, err := developmentKey(dir)
	if errors.Is(err, os.ErrNotExist) && filepath.Base(dir) == "minikube" {
		return []finding{{"the development key " + filepath.Join(dir, "key", "secret.yaml") + " is missing", "git checkout -- " + dir}}
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return []finding{{oneLine(err), "git checkout -- " + dir}}
	}
	if key != nil {
		if belongs, err := certificate.Belongs(key); err != nil {
			return []finding{{fmt.Sprintf("%s/key/secret.yaml: %s", dir, oneLine(err)), "git checkout -- " + dir}}
		} else if !belongs {
			found = append(found, finding{dir + "/certificate.pem is not of the development key beside it: what is sealed for it opens in no fresh cluster", "git checkout -- " + dir + "/certificate.pem"})
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
	var closed []string
	var first finding
	values := credential.Values{}
	f := &folder{dir: dir, used: map[string]string{}}
	if read, err := readFolder(dir); err == nil {
		f = read
	}
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		opened, err := examineSealedFile(key, certificate, file)
		if errors.Is(err, sealing.ErrCannotOpen) {
			closed = append(closed, filepath.Base(file))
			if first == (finding{}) {
				first = finding{fmt.Sprintf("%s: %s", file, oneLine(err)), sealAnew}
			}
			continue
		}
		if err != nil {
			found = append(found, finding{fmt.Sprintf("%s: %s", file, oneLine(err)), sealAnew})
			continue
		}
		if name := opened.Name; key != nil && name == f.current(baseOf(name)) {
			values[baseOf(name)] = opened.Data
		}
	}
	switch {
	case len(closed) == 1:
		found = append(found, first)
	case len(closed) > 1:
		found = append(found, finding{fmt.Sprintf("the development key opens none of %s in %s: they were sealed for another key, or for another namespace or name", strings.Join(closed, ", "), dir), "git checkout -- " + dir + ", or " + sealAnew})
	}
	for _, err := range credential.Fit(values) {
		found = append(found, finding{oneLine(err), "git checkout -- " + dir + ", or " + sealAnew})
	}
	return found
}

func examineSealedFile(key []byte, certificate sealing.Certificate, file string) (sealing.Secret, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return sealing.Secret{}, err
	}
	var place struct {
		Metadata struct {
			Namespace, Name string
			Annotations     map[string]string
		}
		Spec struct {
			EncryptedData map[string]string
			Template      struct {
				Metadata struct{ Namespace, Name string }
			}
		}
	}
	if err := yaml.Unmarshal(b, &place); err != nil {
		return sealing.Secret{}, fmt.Errorf("read the SealedSecret: %w", err)
	}
	at, in := place.Metadata, place.Spec.Template.Metadata
	if at.Namespace != credential.Namespace || at.Name+".yaml" != filepath.Base(file) {
		return sealing.Secret{}, fmt.Errorf("sealed for %s/%s: it will not open elsewhere", at.Namespace, at.Name)
	}
	for annotation := range at.Annotations {
		if strings.HasPrefix(annotation, "sealedsecrets.bitnami.com/") {
			return sealing.Secret{}, fmt.Errorf("it has the annotation %s: here secrets are sealed in strict scope, and one of another scope does not open, or opens elsewhere too", annotation)
		}
	}
	if in.Name != at.Name || in.Namespace != at.Namespace {
		return sealing.Secret{}, fmt.Errorf("the Secret in its template is %s/%s, and it is sealed for %s/%s", in.Namespace, in.Name, at.Namespace, at.Name)
	}
	if len(place.Spec.EncryptedData) == 0 {
		return sealing.Secret{}, errors.New("it holds no value")
	}
	if other := sealing.SealedFor(b); other != "" && other != certificate.Fingerprint {
		return sealing.Secret{}, fmt.Errorf("it was sealed for the key %s, and certificate.pem is of %s", other, certificate.Fingerprint)
	}
	if key == nil {
		return sealing.Secret{Name: at.Name}, nil
	}
	opened, err := sealing.Open(key, b)
	if err != nil {
		return opened, err
	}
	return opened, credential.Check(baseOf(opened.Name), opened.Data)
}

func developmentKey(dir string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, "key", "secret.yaml"))
	if err != nil {
		return nil, err
	}
	var s corev1.Secret
	if err := yaml.UnmarshalStrict(b, &s); err != nil {
		return nil, fmt.Errorf("read the development key: %w", err)
	}
	return []byte(s.StringData["tls.key"]), nil
}
