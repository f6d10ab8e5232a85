package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/credential"
	"auth.books.test/internal/sealing"
	"auth.books.test/internal/secrets"
	"auth.books.test/internal/worktree"
)

// examineSealed checks each sealed file, and opens it where the repository has the key. Elsewhere only the controller
// can open it, and the file tells only for which key it was sealed.
func examineSealed(ctx context.Context, c cluster.Cluster, certificate sealing.Certificate, sealAnew string) (found []Finding) {
	dir := filepath.Join(c.Dir, c.Sealed())
	restore := func(path string) string { return worktree.Restore(ctx, c.Dir, path) }
	key, err := secrets.DevelopmentKey(dir)
	if errors.Is(err, os.ErrNotExist) && filepath.Base(dir) == "minikube" {
		return []Finding{{"the development key " + filepath.Join(dir, "key", "secret.yaml") + " is missing", restore(dir)}}
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return []Finding{{cluster.OneLine(err), restore(dir)}}
	}
	if key != nil {
		if belongs, err := certificate.Belongs(key); err != nil {
			return []Finding{{fmt.Sprintf("%s/key/secret.yaml: %s", dir, cluster.OneLine(err)), restore(dir)}}
		} else if !belongs {
			found = append(found, Finding{dir + "/certificate.pem is not of the development key beside it: what is sealed for it cannot be opened in a new cluster", restore(filepath.Join(dir, "certificate.pem"))})
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
	var closed []string
	var first Finding
	values := credential.Values{}
	current := func(name string) string { return name }
	if f, err := secrets.ReadFolder(dir); err == nil {
		current = f.Current
	}
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		opened, err := examineSealedFile(key, certificate, c.Namespace(), file)
		if errors.Is(err, sealing.ErrCannotOpen) {
			closed = append(closed, filepath.Base(file))
			if first == (Finding{}) {
				first = Finding{fmt.Sprintf("%s: %s", file, cluster.OneLine(err)), sealAnew}
			}
			continue
		}
		if err != nil {
			found = append(found, Finding{fmt.Sprintf("%s: %s", file, cluster.OneLine(err)), sealAnew})
			continue
		}
		if name := opened.Name; key != nil && name == current(secrets.BaseOf(name)) {
			values[secrets.BaseOf(name)] = opened.Data
		}
	}
	switch {
	case len(closed) == 1:
		found = append(found, first)
	case len(closed) > 1:
		found = append(found, Finding{fmt.Sprintf("the development key opens none of %s in %s: they were sealed for another key, or for another namespace or name", strings.Join(closed, ", "), dir), restore(dir) + ", or " + sealAnew})
	}
	for _, err := range credential.Fit(values) {
		found = append(found, Finding{cluster.OneLine(err), restore(dir) + ", or " + sealAnew})
	}
	return found
}

func examineSealedFile(key []byte, certificate sealing.Certificate, namespace, file string) (sealing.Secret, error) {
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
	if at.Namespace != namespace || at.Name+".yaml" != filepath.Base(file) {
		return sealing.Secret{}, fmt.Errorf("sealed for %s/%s, so it does not open elsewhere", at.Namespace, at.Name)
	}
	for annotation := range at.Annotations {
		if strings.HasPrefix(annotation, "sealedsecrets.bitnami.com/") {
			return sealing.Secret{}, fmt.Errorf("it has the annotation %s: secrets are sealed in strict scope here; in another scope they do not open, or open under other names too", annotation)
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
	return opened, credential.Check(secrets.BaseOf(opened.Name), opened.Data)
}
