package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
	"auth.books.test/internal/secrets"
	"auth.books.test/internal/worktree"
)

// examineController asks whether the controller of sealed secrets runs, with the image that the repository names.
func (c checker) examineController(ctx context.Context, known *causes) []Finding {
	fix := "kubectl apply -k sealed-secrets/controller"
	if c.Env == "minikube" {
		fix = "kubectl create namespace sealed-secrets; kubectl apply -k sealed-secrets/minikube/key && " + fix
	}
	var d appsv1.Deployment
	if err := c.Get(ctx, "sealed-secrets", "deployment/sealed-secrets", &d); err != nil || d.Status.AvailableReplicas < 1 {
		known.noController = true
		return []Finding{{"the controller of sealed secrets is not there, or not available", fix}}
	}
	rendered, err := manifest.Render(filepath.Join(c.Dir, "sealed-secrets", "controller"))
	if err != nil {
		return []Finding{{cluster.OneLine(err), worktree.Restore(ctx, c.Dir, filepath.Join(c.Dir, "sealed-secrets", "controller"))}}
	}
	set, err := manifest.Parse(rendered)
	if err != nil || len(set.Deployments) == 0 {
		return []Finding{{"sealed-secrets/controller has no Deployment", worktree.Restore(ctx, c.Dir, filepath.Join(c.Dir, "sealed-secrets", "controller"))}}
	}
	pinned, runs := set.Deployments[0].Spec.Template.Spec.Containers[0].Image, d.Spec.Template.Spec.Containers[0].Image
	// A cluster may add the registry.
	if runs != pinned && !strings.HasSuffix(runs, "/"+pinned) {
		return []Finding{{fmt.Sprintf("the controller of sealed secrets is %s, and not %s", runs, pinned), fix}}
	}
	return nil
}

// examineKeys asks whether the controller has the key that git is sealed for and, outside of development, does not have
// the public one.
func (c checker) examineKeys(ctx context.Context, known *causes) (found []Finding) {
	keys, err := secrets.Keys(ctx, c.Cluster)
	if err != nil {
		return []Finding{{"the certificates of the controller cannot be read", "kubectl -n sealed-secrets get secrets -l " + secrets.KeyLabel}}
	}
	has := func(fingerprint string) bool {
		return slices.ContainsFunc(keys, func(k secrets.Key) bool { return k.Certificate.Fingerprint == fingerprint })
	}
	public, _ := certificateIn(filepath.Join(c.Dir, "sealed-secrets", "minikube"))
	if c.Env != "minikube" && public.Fingerprint != "" && has(public.Fingerprint) {
		found = append(found, Finding{"the cluster has the development sealing key, which is public: everybody who reads the repository can open what is sealed for it",
			"kubectl -n sealed-secrets delete secret development-sealing-key && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets, then rotate what was sealed for it"})
	}
	own, err := certificateIn(filepath.Join(c.Dir, c.Sealed()))
	if err != nil || has(own.Fingerprint) || known.noController {
		return found
	}
	if own.Fingerprint == sampleFingerprint {
		return found // Files reports it
	}
	known.noKey = true
	if c.Env == "minikube" {
		return append(found, Finding{"the cluster does not have the development key, for which git is sealed: a Secret with it is missing in the namespace sealed-secrets, or has no label " + secrets.KeyLabel,
			"kubectl apply -k sealed-secrets/minikube/key && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"})
	}
	return append(found, Finding{fmt.Sprintf("the controller has no key of the certificate in %s: what is sealed for it does not open here", c.Sealed()),
		fmt.Sprintf("restore its key as sealed-secrets/README.md says, or go run ./cmd/platform certificate --env %[1]s && %[2]s | go run ./cmd/platform reseal --env %[1]s", c.Env, c.Kubectl("get secrets -o json"))})
}

// certificateIn reads the certificate of a folder of sealed secrets.
func certificateIn(folder string) (sealing.Certificate, error) {
	text, err := os.ReadFile(filepath.Join(folder, "certificate.pem"))
	if err != nil {
		return sealing.Certificate{}, err
	}
	return sealing.ParseCertificate(text)
}
