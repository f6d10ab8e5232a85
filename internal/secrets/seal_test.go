package secrets_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/credential"
	"auth.books.test/internal/doctor"
)

// Whatever seals refuses a certificate for which nothing should be sealed, and the doctor says so.
func TestNothingIsSealedForACertificateThatIsNotGood(t *testing.T) {
	now := time.Now()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	expired, _ := clustertest.Certificate(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
	early, _ := clustertest.Certificate(t, now.Add(time.Hour), now.Add(2*time.Hour))
	_, private := clustertest.Certificate(t, now, now.Add(time.Hour))
	dir := clustertest.Checkout(t)
	token := clustertest.SecretJSON(t, "auth", "session-db-token-key", opened(t, dir, "session-db-token-key"))
	for says, certificate := range map[string][]byte{
		"expired on ":       expired,
		"not valid before":  early,
		"kind ECDSA":        clustertest.SelfSigned(t, &curve.PublicKey, curve, now.Add(-time.Hour), now.Add(time.Hour)),
		"RSA PRIVATE KEY":   private,
		"is not PEM":        []byte("hush"),
		"there is no ":      nil,
		"more than one cer": append(append([]byte{}, expired...), early...),
	} {
		file := filepath.Join(dir, "sealed-secrets/gke/certificate.pem")
		if certificate == nil {
			clustertest.Remove(t, file)
		} else {
			clustertest.Write(t, certificate, file)
		}
		before := rendered(t, dir, "gke")
		for name, command := range map[string]func() (any, error){
			"seal":   func() (any, error) { return seal(t, alone(dir, "gke"), "", true) },
			"rotate": func() (any, error) { return rotate(t, dir, "gke", "session-db-token-key", credential.Begin, token) },
			"reseal": func() (any, error) { return reseal(t, dir, "gke", token) },
		} {
			if out, err := command(); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "platform certificate") {
				t.Errorf("%s: %v, want one that says %q: %v", name, err, says, out)
			}
		}
		if rendered(t, dir, "gke") != before {
			t.Errorf("%s: refused, and something was sealed", says)
		}
		if found := doctor.Files(t.Context(), alone(dir, "gke")); !slices.ContainsFunc(found, func(f doctor.Finding) bool {
			return strings.Contains(f.Problem, says) || strings.Contains(f.Problem, "there is no certificate")
		}) {
			t.Errorf("the doctor does not report %q: %q", says, found)
		}
	}
}

func TestNothingIsSealedThatTheClusterWouldNotOpen(t *testing.T) {
	now := time.Now()
	dir := clustertest.Checkout(t)
	own, other := filepath.Join(dir, "sealed-secrets/gke/certificate.pem"), filepath.Join(t.TempDir(), "other.pem")
	certificate, _ := clustertest.Certificate(t, now.Add(-time.Hour), now.Add(time.Hour))
	clustertest.Write(t, certificate, other)
	as := func(answers clustertest.Recorded) clustertest.Recorded {
		answers["config current-context"] = "gke_books_europe\n"
		return answers
	}
	if out, err := seal(t, as(clustertest.Reachable(t, "", other)).Cluster(dir, "gke"), "", true); err == nil || !strings.Contains(err.Error(), `of no key that the controller of "gke_books_europe" has`) {
		t.Errorf("%v: %v", err, out)
	}
	marked := as(clustertest.Reachable(t, "", own))
	marked[clustertest.AskKeys] = strings.Replace(marked[clustertest.AskKeys], " active", " compromised", 1)
	if out, err := seal(t, marked.Cluster(dir, "gke"), "", true); err == nil || !strings.Contains(err.Error(), "compromised") {
		t.Errorf("%v: %v", err, out)
	}
	// A cluster of another environment is not asked.
	for name, answers := range map[string]clustertest.Recorded{"its own": as(clustertest.Reachable(t, "", other, own)), "another's": clustertest.Reachable(t, "", other), "none": {}} {
		if out, err := seal(t, answers.Cluster(dir, "gke"), "", true); err != nil {
			t.Errorf("%s: %v: %v", name, err, out)
		}
	}
	// The key that is in the repository comes to the cluster with it.
	if out, err := seal(t, clustertest.Reachable(t, "", other).Cluster(dir, "minikube"), "", true); err != nil {
		t.Errorf("%v: %v", err, out)
	}
}

func TestValuesInUseAreNotSealedAnew(t *testing.T) {
	dir := clustertest.Checkout(t)
	own := filepath.Join(dir, "sealed-secrets/minikube/certificate.pem")
	before := opened(t, dir, "session-db-token-key")["keys"]
	_, err := seal(t, clustertest.Reachable(t, "other auth-db-credentials session-db-verifier-v2", own).Cluster(dir, "minikube"), "", true)
	if err == nil || !strings.Contains(err.Error(), `"minikube" uses auth-db-credentials, session-db-verifier-v2`) || !strings.Contains(err.Error(), "rotate --env minikube") {
		t.Errorf("%v", err)
	}
	if opened(t, dir, "session-db-token-key")["keys"] != before {
		t.Error("refused, and sealed")
	}
	sealed, err := seal(t, clustertest.Reachable(t, "other", own).Cluster(dir, "minikube"), "", true)
	if err != nil || !slices.Contains(sealed.Replaced, "auth-api-service-key") || !slices.Contains(sealed.Replaced, "auth-db-credentials") || opened(t, dir, "session-db-token-key")["keys"] == before {
		t.Errorf("%v: %v", err, sealed)
	}
	// The value is for a secret that would stay as it is.
	if _, err := seal(t, alone(dir, "minikube"), `{"session-db-credentials": {"password": "hush"}}`, false); err == nil || !strings.Contains(err.Error(), "is sealed already") {
		t.Errorf("a value was left out in silence: %v", err)
	}
}

func TestSealRefusesValuesThatTheirReadersCannotUse(t *testing.T) {
	dir := clustertest.Checkout(t)
	for says, given := range map[string]string{
		"id:secret":        `{"session-db-token-key": {"keys": "hush"}}`,
		"at least 32":      `{"session-db-token-key": {"keys": "k1:aHVzaA"}}`,
		"empty":            `{"session-db-credentials": {"password": ""}}`,
		"character 5":      `{"session-db-verifier": {"password": "hush hush"}}`,
		"names no user":    `{"auth-db-users": {"users.sql": "hush"}}`,
		"is not one that":  `{"session-db-users": {"users.acl": "user auth-api on #00\nuser verifier on #00\n"}}`,
		"a user of Postgr": `{"auth-db-credentials": {"user": "Hush"}}`,
	} {
		_, err := seal(t, alone(dir, "minikube"), given, true)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", given, err)
		}
	}
	isWell(t, dir, "minikube")
}

func TestSealMakesWhatAComponentRefersTo(t *testing.T) {
	dir := clustertest.Checkout(t)
	clustertest.Edit(t, filepath.Join(dir, "kustomize/base/helloworld/deployment.yaml"), "          env:\n", "          env:\n            - name: MAIL_PASSWORD\n              valueFrom:\n                secretKeyRef: {name: mail, key: password}\n")
	if found := doctor.Files(t.Context(), alone(dir, "minikube")); !slices.Contains(found, doctor.Finding{Problem: "helloworld/mail.password is used and not sealed", Fix: "go run ./cmd/platform seal --env minikube"}) {
		t.Errorf("the doctor finds %q", found)
	}
	before := opened(t, dir, "auth-db-credentials")["password"]
	if sealed := mustSeal(t, alone(dir, "minikube"), "", false); !slices.Equal(sealed.Names, []string{"mail"}) || sealed.Replaced != nil {
		t.Errorf("%+v", sealed)
	}
	if len(opened(t, dir, "mail")["password"]) < 43 || opened(t, dir, "auth-db-credentials")["password"] != before {
		t.Error("not made, or others with it")
	}
	isWell(t, dir, "minikube")
	// With everything else, in an environment that has nothing yet.
	for _, name := range []string{"auth-db-credentials", "auth-db-service", "auth-db-users", "session-db-credentials", "session-db-verifier", "session-db-users", "session-db-token-key", "auth-api-service-key", "auth-api-signing-key", "mail", "kustomization"} {
		clustertest.Remove(t, filepath.Join(dir, "sealed-secrets/minikube", name+".yaml"))
	}
	mustSeal(t, alone(dir, "minikube"), `{"mail": {"password": "chosen"}}`, false)
	if opened(t, dir, "mail")["password"] != "chosen" {
		t.Error("another value than the chosen one")
	}
	isWell(t, dir, "minikube")
}
