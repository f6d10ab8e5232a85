package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
)

// examineController asks whether the controller of sealed secrets is there, and
// is the one that the repository names.
func (c cluster) examineController(ctx context.Context, known *causes) []finding {
	mend := "kubectl apply -k sealed-secrets/controller"
	if c.env == "minikube" {
		mend = "kubectl create namespace sealed-secrets; kubectl apply -k sealed-secrets/minikube/key && " + mend
	}
	var d appsv1.Deployment
	if err := c.get(ctx, "sealed-secrets", "deployment/sealed-secrets", &d); err != nil || d.Status.AvailableReplicas < 1 {
		known.noController = true
		return []finding{{"the controller of sealed secrets is not there, or not available", mend}}
	}
	rendered, err := manifest.Render(filepath.Join(c.dir, "sealed-secrets", "controller"))
	if err != nil {
		return []finding{{oneLine(err), "git checkout -- sealed-secrets/controller"}}
	}
	set, err := manifest.Parse(rendered)
	if err != nil || len(set.Deployments) == 0 {
		return []finding{{"sealed-secrets/controller has no Deployment", "git checkout -- sealed-secrets/controller"}}
	}
	pinned, runs := set.Deployments[0].Spec.Template.Spec.Containers[0].Image, d.Spec.Template.Spec.Containers[0].Image
	// A cluster may say the registry too.
	if runs != pinned && !strings.HasSuffix(runs, "/"+pinned) {
		return []finding{{fmt.Sprintf("the controller of sealed secrets is %s, and not %s", runs, pinned), mend}}
	}
	return nil
}

// examineKeys asks whether the controller's keys are those that it should have: the one that git is sealed for,
// and outside of development not the public one.
func (c cluster) examineKeys(ctx context.Context, known *causes) (found []finding) {
	keys, err := c.sealingKeys(ctx)
	if err != nil {
		return []finding{{"the certificates of the controller cannot be read", "kubectl -n sealed-secrets get secrets -l " + keyLabel}}
	}
	has := func(fingerprint string) bool {
		return slices.ContainsFunc(keys, func(k sealingKey) bool { return k.certificate.Fingerprint == fingerprint })
	}
	public, _ := certificateIn(filepath.Join(c.dir, "sealed-secrets", "minikube"))
	if c.env != "minikube" && public.Fingerprint != "" && has(public.Fingerprint) {
		found = append(found, finding{"the cluster has the development sealing key, which is public: whoever reads the repository opens what is sealed for it",
			"kubectl -n sealed-secrets delete secret development-sealing-key && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets, then rotate what was sealed for it"})
	}
	own, err := certificateIn(filepath.Join(c.dir, c.sealed()))
	if err != nil || has(own.Fingerprint) || known.noController {
		return found
	}
	if own.Fingerprint == sampleFingerprint {
		return found // said of the files already
	}
	known.noKey = true
	if c.env == "minikube" {
		return append(found, finding{"the cluster has not the development key, for which git is sealed: a Secret with it is missing in the namespace sealed-secrets, or has no label " + keyLabel,
			"kubectl apply -k sealed-secrets/minikube/key && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"})
	}
	return append(found, finding{fmt.Sprintf("the controller has no key of the certificate in %s: what is sealed for it does not open here", c.sealed()),
		fmt.Sprintf("restore its key as sealed-secrets/README.md says, or go run ./cmd/platform certificate --env %[1]s && kubectl -n auth get secrets -o json | go run ./cmd/platform reseal --env %[1]s", c.env)})
}

// certificateIn reads the certificate of a folder of sealed secrets.
func certificateIn(folder string) (sealing.Certificate, error) {
	text, err := os.ReadFile(filepath.Join(folder, "certificate.pem"))
	if err != nil {
		return sealing.Certificate{}, err
	}
	return sealing.ParseCertificate(text)
}
