package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/sealing"
)

// sampleFingerprint is of the certificate that gke's secrets are sealed for until
// somebody seals their own. Its private key was thrown away.
const sampleFingerprint = "SHA256:l+LTKCofjmT5SbjDZ+i0TTpt40HsDod63pnPcedV/a4"

// fetchCertificate is the newest certificate of the controller. kubeseal would ask
// a Service for it, which GKE's private clusters do not let through.
const fetchCertificate = `kubectl -n sealed-secrets get secret -l sealedsecrets.bitnami.com/sealed-secrets-key --sort-by=.metadata.creationTimestamp -o jsonpath='{.items[-1:].data.tls\.crt}' | base64 -d > `

// examineFiles looks at what is in the repository for an overlay.
func examineFiles(dir, env string) (found []finding) {
	sealed := filepath.Join(dir, "sealed-secrets", env)
	sealAnew := fmt.Sprintf("go run ./cmd/platform seal --env %s --replace", env)
	certificate, err := os.ReadFile(filepath.Join(sealed, "certificate.pem"))
	if err != nil {
		return append(found, finding{"there is no certificate to seal for in " + sealed, fetchCertificate + filepath.Join(sealed, "certificate.pem")})
	}
	sealer, err := sealing.NewSealer(certificate, rand.Reader)
	if err != nil {
		return append(found, finding{fmt.Sprintf("%s/certificate.pem: %v", sealed, err), "git checkout -- " + sealed})
	}
	if fingerprint, err := sealer.Fingerprint(); err == nil && fingerprint == sampleFingerprint {
		found = append(found, finding{"the secrets of " + env + " are samples that nobody can open",
			fetchCertificate + filepath.Join(sealed, "certificate.pem") + " && " + sealAnew})
	}
	found = append(found, examineSealed(sealed, sealAnew)...)
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
	return found
}

// examineSealed opens what the development key should open. Where there is no
// such key, it sees whom a secret is sealed for, and only the controller can tell
// the rest.
func examineSealed(dir, sealAnew string) (found []finding) {
	key, err := developmentKey(dir)
	if errors.Is(err, os.ErrNotExist) && filepath.Base(dir) == "minikube" {
		return []finding{{"the development key " + filepath.Join(dir, "key", "secret.yaml") + " is missing", "git checkout -- " + dir}}
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return []finding{{oneLine(err), "git checkout -- " + dir}}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		if err := examineSealedFile(key, file); err != nil {
			found = append(found, finding{fmt.Sprintf("%s: %s", file, oneLine(err)), sealAnew})
		}
	}
	return found
}

func examineSealedFile(key []byte, file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var place struct {
		Metadata struct{ Namespace, Name string }
	}
	if err := yaml.Unmarshal(b, &place); err != nil {
		return fmt.Errorf("read the SealedSecret: %w", err)
	}
	if place.Metadata.Namespace != credential.Namespace || place.Metadata.Name+".yaml" != filepath.Base(file) {
		return fmt.Errorf("sealed for %s/%s: it will not open elsewhere", place.Metadata.Namespace, place.Metadata.Name)
	}
	if key == nil {
		return nil
	}
	_, err = sealing.Open(key, b)
	return err
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
