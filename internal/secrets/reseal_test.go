package secrets_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/credential"
	"auth.books.test/internal/sealing"
	"auth.books.test/internal/secrets"
)

func TestResealKeepsTheValuesForANewKey(t *testing.T) {
	dir := clustertest.Checkout(t)
	mustRotate(t, dir, "minikube", "auth-db-credentials", credential.Begin, "")
	folder, err := secrets.OpenFolder(dir, "minikube")
	if err != nil {
		t.Fatal(err)
	}
	var items []string
	for _, name := range folder.Names() {
		items = append(items, clustertest.SecretJSON(t, "auth", name, opened(t, dir, name)))
	}
	list := func(items []string) string {
		return fmt.Sprintf(`{"apiVersion": "v1", "kind": "List", "items": [%s]}`, strings.Join(items, ","))
	}
	key, certificate, err := sealing.NewKey("renewed")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sealed-secrets/minikube/certificate.pem"), certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := reseal(t, dir, "minikube", list(items[1:])); err == nil || !strings.Contains(err.Error(), folder.Names()[0]) {
		t.Errorf("sealed a part: %v", err)
	}
	before := opened(t, dir, "auth-db-credentials-v2")
	if names, err := reseal(t, dir, "minikube", list(items)); err != nil || !slices.Equal(names, folder.Names()) {
		t.Fatalf("%v: %v", err, names)
	}
	for _, name := range folder.Names() {
		b, err := os.ReadFile(filepath.Join(dir, "sealed-secrets/minikube", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := sealing.Open(key, b)
		if err != nil {
			t.Fatal(err)
		}
		if s.Mutable != strings.HasSuffix(name, "-users") {
			t.Errorf("%s is mutable: %v", name, s.Mutable)
		}
		if name == "auth-db-credentials-v2" && s.Data["password"] != before["password"] {
			t.Error("another value")
		}
	}
	if names, _ := referTo(t, dir, "minikube"); !slices.Contains(names, "auth-db-credentials-v2") {
		t.Errorf("pods use %v", names)
	}
}
