package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificateFor makes a certificate of a new key, with its key, in PEM.
func certificateFor(t *testing.T, from, to time.Time) (certificate, privateKey []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return selfSigned(t, &key.PublicKey, key, from, to), pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func selfSigned(t *testing.T, public, private any, from, to time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func write(t *testing.T, text []byte, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// reachable answers as a cluster for development, with the controller's keys in files and the names of Secrets.
func reachable(t *testing.T, secrets string, keys ...string) recorded {
	t.Helper()
	return recorded{
		"config current-context": "minikube\n",
		"get --raw /readyz":      "ok",
		"version":                `{"clientVersion": {"gitVersion": "v1.37.2", "minor": "37"}}`,
		askKeys:                  keysIn(t, keys...),
		askNames:                 secrets,
	}
}

// Whatever seals refuses a certificate for which nothing should be sealed, and the doctor says so.
func TestNothingIsSealedForACertificateThatIsNotGood(t *testing.T) {
	now := time.Now()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	expired, _ := certificateFor(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
	early, _ := certificateFor(t, now.Add(time.Hour), now.Add(2*time.Hour))
	_, private := certificateFor(t, now, now.Add(time.Hour))
	dir := checkout(t)
	token := secretJSON(t, "auth", "session-db-token-key", opened(t, dir, "session-db-token-key"))
	for says, certificate := range map[string][]byte{
		"expired on ":       expired,
		"not valid before":  early,
		"kind ECDSA":        selfSigned(t, &curve.PublicKey, curve, now.Add(-time.Hour), now.Add(time.Hour)),
		"RSA PRIVATE KEY":   private,
		"is not PEM":        []byte("hush"),
		"there is no ":      nil,
		"more than one cer": append(append([]byte{}, expired...), early...),
	} {
		file := filepath.Join(dir, "sealed-secrets/gke/certificate.pem")
		if certificate == nil {
			remove(t, file)
		} else {
			write(t, certificate, file)
		}
		before := must(t, "", "render", "gke", "--dir", dir)
		for name, args := range map[string][]string{
			"seal": {"seal", "--replace"}, "rotate": {"rotate", "--secret", "session-db-token-key", "--stdin"}, "reseal": {"reseal"},
		} {
			if out, err := do(t, token, append(args, "--env", "gke", "--dir", dir)...); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "platform certificate") {
				t.Errorf("%s: %v, want one that says %q: %s", name, err, says, out)
			}
		}
		if must(t, "", "render", "gke", "--dir", dir) != before {
			t.Errorf("%s: refused, and something was sealed", says)
		}
		if out, err := do(t, "", "doctor", "--offline", "--env", "gke", "--dir", dir); err == nil || !strings.Contains(out, says) && !strings.Contains(out, "there is no certificate") {
			t.Errorf("the doctor says nothing of %q:\n%s", says, out)
		}
	}
}

func TestNothingIsSealedThatTheClusterWouldNotOpen(t *testing.T) {
	now := time.Now()
	dir := checkout(t)
	own, other := filepath.Join(dir, "sealed-secrets/gke/certificate.pem"), filepath.Join(t.TempDir(), "other.pem")
	certificate, _ := certificateFor(t, now.Add(-time.Hour), now.Add(time.Hour))
	write(t, certificate, other)
	as := func(answers recorded) recorded {
		answers["config current-context"] = "gke_books_europe\n"
		return answers
	}
	seal := []string{"seal", "--env", "gke", "--replace", "--dir", dir}
	if out, err := doWith(t, as(reachable(t, "", other)), "", seal...); err == nil || !strings.Contains(err.Error(), `of no key that the controller of "gke_books_europe" has`) {
		t.Errorf("%v: %s", err, out)
	}
	marked := as(reachable(t, "", own))
	marked[askKeys] = strings.Replace(marked[askKeys], " active", " compromised", 1)
	if out, err := doWith(t, marked, "", seal...); err == nil || !strings.Contains(err.Error(), "compromised") {
		t.Errorf("%v: %s", err, out)
	}
	// A cluster of another environment is not asked.
	for name, answers := range map[string]recorded{"its own": as(reachable(t, "", other, own)), "another's": reachable(t, "", other), "none": {}} {
		if out, err := doWith(t, answers, "", seal...); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	// The key that is in the repository comes to the cluster with it.
	if out, err := doWith(t, reachable(t, "", other), "", "seal", "--env", "minikube", "--replace", "--dir", dir); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestValuesInUseAreNotSealedAnew(t *testing.T) {
	dir := checkout(t)
	own := filepath.Join(dir, "sealed-secrets/minikube/certificate.pem")
	before := opened(t, dir, "session-db-token-key")["keys"]
	seal := []string{"seal", "--env", "minikube", "--replace", "--dir", dir}
	_, err := doWith(t, reachable(t, "other auth-db-credentials session-db-verifier-v2", own), "", seal...)
	if err == nil || !strings.Contains(err.Error(), `"minikube" uses auth-db-credentials, session-db-verifier-v2`) || !strings.Contains(err.Error(), "rotate --env minikube") {
		t.Errorf("%v", err)
	}
	if opened(t, dir, "session-db-token-key")["keys"] != before {
		t.Error("refused, and sealed")
	}
	out, err := doWith(t, reachable(t, "other", own), "", seal...)
	if err != nil || !strings.Contains(out, "NEW VALUES for auth-api-service-key, auth-db-credentials") || opened(t, dir, "session-db-token-key")["keys"] == before {
		t.Errorf("%v: %s", err, out)
	}
	// A value for what stays as it is was meant.
	if _, err := do(t, `{"session-db-credentials": {"password": "hush"}}`, "seal", "--env", "minikube", "--stdin", "--dir", dir); err == nil || !strings.Contains(err.Error(), "is sealed already") {
		t.Errorf("a value was left out in silence: %v", err)
	}
}

func TestTheNewestCertificateIsTheOneThatBeginsLast(t *testing.T) {
	now := time.Now()
	dir := checkout(t)
	var files []string
	for i, from := range []time.Duration{-2 * time.Hour, -time.Hour, -3 * time.Hour, time.Hour} {
		certificate, _ := certificateFor(t, now.Add(from), now.Add(4*time.Hour))
		files = append(files, filepath.Join(t.TempDir(), fmt.Sprint(i)))
		write(t, certificate, files[i])
	}
	out, err := doWith(t, reachable(t, "", files...), "", "certificate", "--env", "minikube", "--dir", dir)
	if err != nil || !strings.Contains(out, "key-1") {
		t.Fatalf("%v: %s", err, out)
	}
	got, _ := os.ReadFile(filepath.Join(dir, "sealed-secrets/minikube/certificate.pem"))
	if want, _ := os.ReadFile(files[1]); string(got) != string(want) {
		t.Error("another one was written")
	}
	for name, answers := range map[string]recorded{"no cluster": {}, "no key": reachable(t, ""), "none that is valid": reachable(t, "", files[3])} {
		if _, err := doWith(t, answers, "", "certificate", "--env", "minikube", "--dir", dir); err == nil {
			t.Error(name)
		}
	}
}

func TestAnEnvironmentThatIsNotThereIsNamed(t *testing.T) {
	dir := checkout(t)
	for _, env := range []string{"nope", "tilt", "", "../overlays/gke", "gke/"} {
		for name, args := range map[string][]string{
			"doctor": {"doctor"}, "seal": {"seal"}, "rotate": {"rotate", "--secret", "session-db-token-key"}, "reseal": {"reseal"}, "certificate": {"certificate"}, "sync": {"sync"}, "key": {"key", "--key", filepath.Join(t.TempDir(), "key")},
		} {
			out, err := do(t, "", append(args, "--env", env, "--dir", dir)...)
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("there is no overlay %q; --env is one of gke, minikube", env)) || out != "" {
				t.Errorf("%s --env %q: %v, %s", name, env, err, out)
			}
		}
	}
	// A copy is one.
	for _, part := range []string{"kustomize/overlays/", "sealed-secrets/"} {
		if err := os.CopyFS(filepath.Join(dir, part, "staging"), os.DirFS(filepath.Join(dir, part, "gke"))); err != nil {
			t.Fatal(err)
		}
	}
	edit(t, filepath.Join(dir, "kustomize/overlays/staging/kustomization.yaml"), "sealed-secrets/gke", "sealed-secrets/staging")
	must(t, "", "seal", "--env", "staging", "--replace", "--dir", dir)
}

func TestRotateTakesTheRingThatItIsGiven(t *testing.T) {
	dir := checkout(t)
	rotate := []string{"rotate", "--env", "minikube", "--secret", "session-db-token-key", "--dir", dir}
	old := opened(t, dir, "session-db-token-key")["keys"]
	const added = "k2:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	given := func(ring string) string { return fmt.Sprintf(`{"session-db-token-key": {"keys": %q}}`, ring) }
	for name, ring := range map[string]string{"no ring": "hush", "without the old key": added, "a short key": old + ",k2:aHVzaA", "empty": "", "the one in use": old} {
		if out, err := do(t, given(ring), append(rotate, "--stdin")...); err == nil || strings.Contains(err.Error()+out, "hush") {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
	must(t, given(added+","+old), append(rotate, "--stdin")...)
	if got := opened(t, dir, "session-db-token-key-v2")["keys"]; got != old+","+added {
		t.Error("another ring than the one that was given")
	}
	must(t, given(added+","+old), append(rotate, "--use", "--stdin")...)
	if got := opened(t, dir, "session-db-token-key-v3")["keys"]; got != added+","+old {
		t.Error("another ring than the one that was given is used")
	}
	must(t, "", append(rotate, "--finish")...)
	if got := opened(t, dir, "session-db-token-key-v4")["keys"]; got != added {
		t.Error("another key is left")
	}
}

func TestSealRefusesValuesThatTheirReadersCannotUse(t *testing.T) {
	dir := checkout(t)
	for says, given := range map[string]string{
		"id:secret":        `{"session-db-token-key": {"keys": "hush"}}`,
		"at least 32":      `{"session-db-token-key": {"keys": "k1:aHVzaA"}}`,
		"empty":            `{"session-db-credentials": {"password": ""}}`,
		"character 5":      `{"session-db-verifier": {"password": "hush hush"}}`,
		"names no user":    `{"auth-db-users": {"users.sql": "hush"}}`,
		"is not one that":  `{"session-db-users": {"users.acl": "user auth-api on #00\nuser verifier on #00\n"}}`,
		"a user of Postgr": `{"auth-db-credentials": {"user": "Hush"}}`,
	} {
		out, err := do(t, given, "seal", "--env", "minikube", "--replace", "--stdin", "--dir", dir)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(out+err.Error(), "hush") {
			t.Errorf("%s: %v, %s", given, err, out)
		}
	}
	must(t, "", "doctor", "--offline", "--env", "minikube", "--dir", dir)
}

func TestSyncWaitsForSecretsAndHasStoresReadTheirUsers(t *testing.T) {
	set, err := rendered("../..", "minikube")
	if err != nil {
		t.Fatal(err)
	}
	done := func(status recorded) recorded {
		answers := reachable(t, "")
		answers[askSealed] = sealedIn(t, set, nil)
		for users, s := range map[string]store{"auth-db-users": storeOf(set, "auth-db-users"), "session-db-users": storeOf(set, "session-db-users")} {
			f, err := openFolder("../..", "minikube")
			if err != nil {
				t.Fatal(err)
			}
			secret, err := f.open(users)
			if err != nil {
				t.Fatal(err)
			}
			sum := sumOf([]byte(secret.Data[s.file]))
			pod := s.name + "-0"
			answers["--namespace auth get secret/"+users] = secretJSON(t, "auth", users, secret.Data)
			answers["--namespace auth get pod/"+pod] = `{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}`
			answers["--namespace auth annotate pod "+pod+" auth.books.test/users="+sum[:12]+" --overwrite"] = " "
			answers["--namespace auth exec "+pod+" -- sha256sum "+s.directory+"/"+s.file] = sum + "  " + s.file
			answers["--namespace auth exec "+pod+" -- sh -c "+s.command] = " "
		}
		for command, out := range status {
			answers[command] = out
			if out == "" {
				delete(answers, command)
			}
		}
		return answers
	}
	closed := func(message string) string {
		return sealedIn(t, set, func(name string, o object) {
			if name == "session-db-verifier" {
				o["status"] = failed(message)
			}
		})
	}
	for name, c := range map[string]struct {
		change recorded
		says   string
	}{
		"well":               {nil, ""},
		"not opened":         {recorded{askSealed: closed("no key could decrypt secret")}, "the controller has not the key that opens session-db-verifier"},
		"another value":      {recorded{askSealed: closed("field is immutable")}, "session-db-verifier is sealed with another value under the same name"},
		"not looked at":      {recorded{askSealed: sealedIn(t, set, func(_ string, o object) { delete(o, "status") })}, "did not look at auth-api-service-key, auth-db-credentials"},
		"not applied":        {recorded{askSealed: items()}, "kubectl apply -k kustomize/overlays/minikube"},
		"another file":       {recorded{"--namespace auth exec session-db-0 -- sha256sum /etc/redis-users/users.acl": "0000"}, "session-db-0 has not got session-db-users in time"},
		"the store fails":    {recorded{"--namespace auth exec session-db-0 -- sh -c " + storeOf(set, "session-db-users").command: ""}, "session-db-0 cannot read session-db-users"},
		"a pod is not ready": {recorded{"--namespace auth get pod/auth-db-0": "{}"}, "the pod auth-db-0 was not ready in time"},
		"another context":    {recorded{"config current-context": "gke_a"}, "is not for development"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := doWith(t, done(c.change), "", "sync", "--env", "minikube", "--dir", "../..", "--timeout", "1500ms")
			if c.says == "" {
				if err != nil || !strings.Contains(out, "session-db has read session-db-users") || !strings.Contains(out, "auth-db has read auth-db-users") {
					t.Errorf("%v: %s", err, out)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q: %s", err, c.says, out)
			}
		})
	}
}
