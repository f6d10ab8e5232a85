package secrets_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/secrets"
)

func TestTheNewestCertificateIsTheOneThatBeginsLast(t *testing.T) {
	now := time.Now()
	dir := clustertest.Checkout(t)
	var files []string
	for i, from := range []time.Duration{-2 * time.Hour, -time.Hour, -3 * time.Hour, time.Hour} {
		certificate, _ := clustertest.Certificate(t, now.Add(from), now.Add(4*time.Hour))
		files = append(files, filepath.Join(t.TempDir(), fmt.Sprint(i)))
		clustertest.Write(t, certificate, files[i])
	}
	written, key, err := secrets.FetchCertificate(t.Context(), clustertest.Reachable(t, "", files...).Cluster(dir, "minikube"))
	if err != nil || key.Secret != "key-1" || written != filepath.Join(dir, "sealed-secrets/minikube/certificate.pem") {
		t.Fatalf("%v: %s of %s", err, written, key.Secret)
	}
	got, _ := os.ReadFile(filepath.Join(dir, "sealed-secrets/minikube/certificate.pem"))
	if want, _ := os.ReadFile(files[1]); string(got) != string(want) {
		t.Error("another one was written")
	}
	for name, answers := range map[string]clustertest.Recorded{"no cluster": {}, "no key": clustertest.Reachable(t, ""), "none that is valid": clustertest.Reachable(t, "", files[3])} {
		if _, _, err := secrets.FetchCertificate(t.Context(), answers.Cluster(dir, "minikube")); err == nil {
			t.Error(name)
		}
	}
}
