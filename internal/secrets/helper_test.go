package secrets_test

import (
	"strings"
	"testing"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/credential"
	"auth.books.test/internal/doctor"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/secrets"
)

// alone is an environment whose cluster does not answer.
func alone(dir, env string) cluster.Cluster { return clustertest.Recorded{}.Cluster(dir, env) }

// rotate does a step of a rotation. Values may come on standard input.
func rotate(t *testing.T, dir, env, name string, step credential.Step, stdin string) (string, error) {
	t.Helper()
	in, err := secrets.ReadInput(strings.NewReader(stdin), "auth")
	if err != nil {
		return "", err
	}
	return secrets.Rotate(t.Context(), alone(dir, env), secrets.Rotation{Name: name, Step: step, Input: in})
}

func mustRotate(t *testing.T, dir, env, name string, step credential.Step, stdin string) string {
	t.Helper()
	out, err := rotate(t, dir, env, name, step, stdin)
	if err != nil {
		t.Fatalf("rotate %s: %v", name, err)
	}
	return out
}

// seal seals, with values that may come on standard input.
func seal(t *testing.T, c cluster.Cluster, stdin string, replace bool) (secrets.Sealed, error) {
	t.Helper()
	in, err := secrets.ReadInput(strings.NewReader(stdin), "auth")
	if err != nil {
		return secrets.Sealed{}, err
	}
	return secrets.Seal(t.Context(), c, in.Given, replace)
}

func mustSeal(t *testing.T, c cluster.Cluster, stdin string, replace bool) secrets.Sealed {
	t.Helper()
	sealed, err := seal(t, c, stdin, replace)
	if err != nil {
		t.Fatalf("seal: %v", err)
	}
	return sealed
}

func reseal(t *testing.T, dir, env, stdin string) ([]string, error) {
	t.Helper()
	in, err := secrets.ReadInput(strings.NewReader(stdin), "auth")
	if err != nil {
		return nil, err
	}
	return secrets.Reseal(t.Context(), alone(dir, env), in.Cluster)
}

// isWell asks the doctor about the files.
func isWell(t *testing.T, dir, env string) {
	t.Helper()
	if found := doctor.Files(t.Context(), alone(dir, env)); len(found) > 0 {
		t.Errorf("the doctor finds %q", found)
	}
}

// rendered is what an overlay renders to.
func rendered(t *testing.T, dir, env string) string {
	t.Helper()
	text, err := manifest.Render(dir + "/kustomize/overlays/" + env)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// referTo are the secrets that the overlay's pods use.
func referTo(t *testing.T, dir, env string) (names []string, set *manifest.Set) {
	t.Helper()
	set, err := cluster.Render(dir, env)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.References() {
		names = append(names, r.Secret)
	}
	return names, set
}

// opened is what a SealedSecret of Minikube holds.
func opened(t *testing.T, dir, name string) map[string]string {
	t.Helper()
	f, err := secrets.OpenFolder(dir, "minikube")
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return s.Data
}
