package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
)

// opened is what a SealedSecret of Minikube holds.
func opened(t *testing.T, dir, name string) map[string]string {
	t.Helper()
	folder := filepath.Join(dir, "sealed-secrets/minikube")
	key, err := developmentKey(folder)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(folder, name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := sealing.Open(key, b)
	if err != nil {
		t.Fatal(err)
	}
	return s.Data
}

// referTo are the secrets that the overlay's pods use.
func referTo(t *testing.T, dir, env string) (names []string, set *manifest.Set) {
	t.Helper()
	set, err := rendered(dir, env)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.References() {
		names = append(names, r.Secret)
	}
	return names, set
}

func must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := do(t, stdin, args...)
	if err != nil {
		t.Fatalf("platform %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func TestRotateMovesEveryReferenceAndFinishDropsTheOldValue(t *testing.T) {
	dir := checkout(t)
	// A component's references move with the others.
	edit(t, filepath.Join(dir, "kustomize/overlays/minikube/kustomization.yaml"), "namespace: auth\n", "namespace: auth\ncomponents: [../../components/backup]\n")
	for _, c := range []struct{ name, key, users, last string }{
		{"auth-db-credentials", "password", "auth-db-users", "auth-db-credentials-v2"},
		{"session-db-credentials", "password", "session-db-users", "session-db-credentials-v2"},
		{"session-db-verifier", "password", "session-db-users", "session-db-verifier-v2"},
		{"session-db-token-key", "keys", "", "session-db-token-key-v4"},
		{"auth-api-service-key", "keys", "", "auth-api-service-key-v4"},
	} {
		first := opened(t, dir, c.name)[c.key]
		rotate := []string{"rotate", "--env", "minikube", "--secret", c.name, "--dir", dir}
		out := must(t, "", rotate...)
		second := opened(t, dir, c.name+"-v2")
		if second[c.key] == first || strings.Contains(out, second[c.key]) || strings.Contains(out, first) {
			t.Errorf("%s: not a new value, or one that is shown:\n%s", c.name, out)
		}
		for _, part := range []string{"kubectl apply -k " + dir + "/sealed-secrets/minikube", "kubectl apply -k " + dir + "/kustomize/overlays/minikube", "rollout status deployment/"} {
			if !strings.Contains(out, part) {
				t.Errorf("%s: does not say %q:\n%s", c.name, part, out)
			}
		}
		if c.users != "" && (!strings.Contains(out, `/version)" -ge `+opened(t, dir, c.users)["version"]+" ]") || !strings.Contains(out, "exec "+strings.TrimSuffix(c.users, "-users")+"-0")) {
			t.Errorf("%s: does not say how the store reads its users:\n%s", c.name, out)
		}
		names, set := referTo(t, dir, "minikube")
		if slices.Contains(names, c.name) || !slices.Contains(names, c.name+"-v2") {
			t.Errorf("%s: pods use %v", c.name, names)
		}
		if !slices.ContainsFunc(set.OfKind("SealedSecret"), func(o manifest.Other) bool { return o.Name == c.name }) {
			t.Errorf("%s: the old one is gone before the rotation is finished", c.name)
		}
		if _, err := do(t, "", rotate...); err == nil || !strings.Contains(err.Error(), "--finish") {
			t.Errorf("%s: begun twice: %v", c.name, err)
		}
		if c.users == "" {
			must(t, "", append(rotate, "--use")...)
		}
		out = must(t, "", append(rotate, "--finish")...)
		if !strings.Contains(out, "delete sealedsecret "+c.name+" ") {
			t.Errorf("%s: does not say that the old one is to be deleted:\n%s", c.name, out)
		}
		names, set = referTo(t, dir, "minikube")
		for _, o := range set.OfKind("SealedSecret") {
			if versionOf(o.Name, c.name) > 0 && o.Name != c.last {
				t.Errorf("%s is left", o.Name)
			}
		}
		if !slices.Contains(names, c.last) {
			t.Errorf("%s: pods use %v", c.name, names)
		}
		if out, err := do(t, "", "doctor", "--offline", "--env", "minikube", "--dir", dir); err != nil {
			t.Errorf("%s: not well after the rotation: %v\n%s", c.name, err, out)
		}
	}
}

// secretJSON is what kubectl get secret -o json prints.
func secretJSON(t *testing.T, namespace, name string, data map[string]string) string {
	t.Helper()
	s := corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{}}
	for key, value := range data {
		s.Data[key] = []byte(value)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRotateTakesTheOldValueFromTheClusterWhereItCannotBeOpened(t *testing.T) {
	dir := checkout(t)
	rotate := []string{"rotate", "--env", "gke", "--secret", "session-db-credentials", "--dir", dir}
	_, err := do(t, "", rotate...)
	if err == nil || !strings.Contains(err.Error(), "kubectl -n auth get secret session-db-users -o json | go run ./cmd/platform rotate --env gke --secret session-db-credentials --stdin") {
		t.Errorf("does not say where the old value comes from: %v", err)
	}
	users := opened(t, dir, "session-db-users")
	for name, bad := range map[string]string{
		"another secret":    secretJSON(t, "auth", "session-db-verifier", users),
		"another namespace": secretJSON(t, "shop", "session-db-users", users),
		"no users":          secretJSON(t, "auth", "session-db-users", map[string]string{"users.acl": "hush"}),
		"no JSON":           "hush",
		"another's value":   secretJSON(t, "auth", "session-db-users", users) + `{"auth-db-credentials": {"password": "hush"}}`,
	} {
		if out, err := do(t, bad, append(rotate, "--stdin")...); err == nil || strings.Contains(out+err.Error(), "hush") {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
	out := must(t, secretJSON(t, "auth", "session-db-users", users), append(rotate, "--stdin")...)
	if strings.Contains(out, "#") {
		t.Errorf("shows what the store knows:\n%s", out)
	}
	if names, _ := referTo(t, dir, "gke"); !slices.Contains(names, "session-db-credentials-v2") {
		t.Errorf("pods use %v", names)
	}
}

func TestRotateOfAManagedStoreTakesTheValueThatItIsGiven(t *testing.T) {
	dir := checkout(t)
	edit(t, filepath.Join(dir, "kustomize/overlays/gke/kustomization.yaml"), "namespace: auth\n", "namespace: auth\ncomponents: [../../components/memorystore]\n")
	rotate := []string{"rotate", "--env", "gke", "--secret", "session-db-credentials", "--dir", dir}
	if _, err := do(t, "", rotate...); err == nil || !strings.Contains(err.Error(), "--stdin") {
		t.Errorf("made up a password for a store that chooses it: %v", err)
	}
	out := must(t, `{"session-db-credentials": {"password": "hush-hush"}}`, append(rotate, "--stdin")...)
	if strings.Contains(out, "hush") || strings.Contains(out, "exec session-db-0") {
		t.Errorf("%s", out)
	}
	out = must(t, "", append(rotate, "--finish")...)
	if !strings.Contains(out, "delete sealedsecret session-db-credentials ") {
		t.Errorf("%s", out)
	}
	if _, err := do(t, "", append(rotate, "--finish")...); err == nil {
		t.Error("finished twice")
	}
}

func TestRotateHasEveryPodOfAStoreReadItsUsers(t *testing.T) {
	dir := checkout(t)
	edit(t, filepath.Join(dir, "kustomize/overlays/gke/kustomization.yaml"), "namespace: auth\n", "namespace: auth\ncomponents: [../../components/redis-sentinel]\n")
	out := must(t, secretJSON(t, "auth", "session-db-users", opened(t, dir, "session-db-users")), "rotate", "--env", "gke", "--secret", "session-db-verifier", "--dir", dir, "--stdin")
	for i := range 3 {
		if !strings.Contains(out, fmt.Sprintf("exec session-db-%d -- ", i)) {
			t.Errorf("pod %d is left out", i)
		}
	}
	if strings.Count(out, "sh /etc/redis/users.sh && redis-cli ") != 3 {
		t.Errorf("the pods lose the users that they have among themselves:\n%s", out)
	}
}

func TestRotateRefusesWhatItCannotDo(t *testing.T) {
	dir := checkout(t)
	for name, args := range map[string][]string{
		"no such secret":       {"--secret", "auth-db"},
		"a version":            {"--secret", "auth-db-credentials-v2"},
		"nothing to finish":    {"--secret", "auth-db-credentials", "--finish"},
		"no step between":      {"--secret", "auth-db-credentials", "--use"},
		"two steps at once":    {"--secret", "session-db-token-key", "--use", "--finish"},
		"no second key to use": {"--secret", "session-db-token-key", "--use"},
	} {
		before := must(t, "", "render", "minikube", "--dir", dir)
		if out, err := do(t, "", append([]string{"rotate", "--env", "minikube", "--dir", dir}, args...)...); err == nil {
			t.Errorf("%s: %s", name, out)
		}
		if must(t, "", "render", "minikube", "--dir", dir) != before {
			t.Errorf("%s: refused, and the overlay is another", name)
		}
	}
}

func TestResealKeepsTheValuesForANewKey(t *testing.T) {
	dir := checkout(t)
	must(t, "", "rotate", "--env", "minikube", "--secret", "auth-db-credentials", "--dir", dir)
	folder, err := openFolder(dir, "minikube")
	if err != nil {
		t.Fatal(err)
	}
	var items []string
	for _, name := range folder.names {
		items = append(items, secretJSON(t, "auth", name, opened(t, dir, name)))
	}
	list := func(items []string) string {
		return fmt.Sprintf(`{"apiVersion": "v1", "kind": "List", "items": [%s]}`, strings.Join(items, ","))
	}
	key, certificate, err := sealing.NewKey("renewed")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder.dir, "certificate.pem"), certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := do(t, list(items[1:]), "reseal", "--env", "minikube", "--dir", dir); err == nil || !strings.Contains(err.Error(), folder.names[0]) {
		t.Errorf("sealed a part: %v", err)
	}
	before := opened(t, dir, "auth-db-credentials-v2")
	must(t, list(items), "reseal", "--env", "minikube", "--dir", dir)
	for _, name := range folder.names {
		b, err := os.ReadFile(folder.file(name))
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

func TestSealMakesWhatAComponentRefersTo(t *testing.T) {
	dir := checkout(t)
	edit(t, filepath.Join(dir, "kustomize/base/helloworld/deployment.yaml"), "          env:\n", "          env:\n            - name: MAIL_PASSWORD\n              valueFrom:\n                secretKeyRef: {name: mail, key: password}\n")
	if out, err := do(t, "", "doctor", "--offline", "--env", "minikube", "--dir", dir); err == nil || !strings.Contains(out, "helloworld/mail.password is used and not sealed: go run ./cmd/platform seal --env minikube") {
		t.Errorf("%v\n%s", err, out)
	}
	before := opened(t, dir, "auth-db-credentials")["password"]
	if out := must(t, "", "seal", "--env", "minikube", "--dir", dir); out != "sealed auth/mail\n" {
		t.Errorf("%s", out)
	}
	if len(opened(t, dir, "mail")["password"]) < 43 || opened(t, dir, "auth-db-credentials")["password"] != before {
		t.Error("not made, or others with it")
	}
	must(t, "", "doctor", "--offline", "--env", "minikube", "--dir", dir)
	// With everything else, in an environment that has nothing yet.
	for _, name := range []string{"auth-db-credentials", "auth-db-users", "session-db-credentials", "session-db-verifier", "session-db-users", "session-db-token-key", "auth-api-service-key", "mail", "kustomization"} {
		remove(t, filepath.Join(dir, "sealed-secrets/minikube", name+".yaml"))
	}
	must(t, `{"mail": {"password": "chosen"}}`, "seal", "--env", "minikube", "--dir", dir, "--stdin")
	if opened(t, dir, "mail")["password"] != "chosen" {
		t.Error("another value than the chosen one")
	}
	must(t, "", "doctor", "--offline", "--env", "minikube", "--dir", dir)
}
