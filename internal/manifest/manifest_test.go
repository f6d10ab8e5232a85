package manifest_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
)

type (
	deployment  = appsv1.Deployment
	policy      = networkingv1.NetworkPolicy
	ingressRule = networkingv1.NetworkPolicyIngressRule
)

const root = "../.."

func overlays() []string { return manifest.Environments(root) }

// render renders an overlay as kubectl would apply it.
func render(t *testing.T, overlay string) string {
	t.Helper()
	out, err := manifest.Render(filepath.Join(root, "kustomize", "overlays", overlay))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func parse(t *testing.T, rendered string) *manifest.Set {
	t.Helper()
	s, err := manifest.Parse([]byte(rendered))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// isFor reports whether an overlay has to keep the rule. What gke has to keep, every other
// environment has to that is not Minikube's.
func (r rule) isFor(overlay string) bool {
	return len(r.on) == 0 || slices.Contains(r.on, overlay) || overlay != "minikube" && slices.Contains(r.on, "gke")
}

// Not parallel, since kustomize has its schemas in a global variable.
func TestOverlaysKeepTheRules(t *testing.T) {
	for _, overlay := range overlays() {
		s := parse(t, render(t, overlay))
		// The services, the two stores, the schema's Job and the audit's CronJob.
		want := len(ownServices()) + 4
		if overlay == "minikube" {
			want++ // Mailpit
		}
		if len(s.Workloads()) != want {
			t.Fatalf("%s: %d workloads", overlay, len(s.Workloads()))
		}
		for _, r := range rules() {
			if !r.isFor(overlay) {
				continue
			}
			for _, found := range r.check(s) {
				t.Errorf("%s: %s: %s", overlay, r.name, found)
			}
		}
	}
}

// A rule that cannot fail checks nothing.
func TestEachRuleFailsWhenItIsBroken(t *testing.T) {
	rendered := map[string]string{}
	for _, overlay := range overlays() {
		rendered[overlay] = render(t, overlay)
	}
	for _, r := range rules() {
		overlay := "minikube"
		if len(r.on) > 0 {
			overlay = r.on[0]
		}
		if !strings.Contains(rendered[overlay], r.old) {
			t.Errorf("%s: there is nothing to break: %q", r.name, r.old)
			continue
		}
		if len(r.check(parse(t, strings.Replace(rendered[overlay], r.old, r.new, 1)))) == 0 {
			t.Errorf("%s: broken, and it was not noticed", r.name)
		}
	}
}

func TestBaseIsNeutral(t *testing.T) {
	out, err := manifest.Render(filepath.Join(root, "kustomize", "base"))
	if err != nil {
		t.Fatal(err)
	}
	rendered := string(out)
	for _, word := range []string{
		"namespace:", "nodePort:", "type: NodePort", "type: LoadBalancer", "storageClassName", "kind: PersistentVolume\n", "kind: Ingress", "kind: Gateway", "kind: HTTPRoute", "kind: StorageClass", "kind: HorizontalPodAutoscaler",
		"kind: PodDisruptionBudget", "kind: Secret", "kind: SealedSecret", "kind: Namespace", "replicas:", "gke.io", "google", "minikube", "tilt", "hostPath", "annotations:",
	} {
		if strings.Contains(rendered, word) {
			t.Errorf("base has %q", word)
		}
	}
	if parse(t, rendered).Workloads() == nil {
		t.Error("base runs nothing")
	}
}

// The service knows each setting in the overlays and the components, and accepts it.
func TestSettingsAreGood(t *testing.T) {
	programs := t.TempDir()
	build := exec.Command("go", "build", "-buildvcs=false", "-o", programs)
	for _, service := range ownServices() {
		build.Args = append(build.Args, "./services/"+service)
	}
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	check := func(what string, s *manifest.Set) {
		for _, service := range ownServices() {
			config := configOf(s, service)
			cmd := exec.Command(filepath.Join(programs, service), "config")
			cmd.Env = append(os.Environ(), "AUTH_DB_USER=u", "AUTH_DB_PASSWORD=p", "SESSION_DB_PASSWORD=p", "SESSION_DB_TOKEN_KEY=k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "AUTH_API_SERVICE_KEY=s1:YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3ODlhYmNkZWY=")
			for name, value := range config {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			out, err := cmd.CombinedOutput()
			if err != nil || len(config) == 0 {
				t.Fatalf("%s: %s: %v\n%s", what, service, err, out)
			}
			for name := range config {
				if !strings.Contains("\n"+string(out), "\n"+name+"=") {
					t.Errorf("%s: %s knows no %s", what, service, name)
				}
			}
		}
	}
	for _, overlay := range overlays() {
		check(overlay, parse(t, render(t, overlay)))
	}
	for component, on := range components() {
		for _, overlay := range on {
			check(overlay+" with "+component, withComponent(t, overlay, component))
		}
	}
}

// The development key opens every secret of Minikube and none of GKE, and the secrets fit
// each other.
func TestDevelopmentKeyOpensMinikubeAndNothingElse(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(root, "sealed-secrets/minikube/key/secret.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var key corev1.Secret
	if err := yaml.UnmarshalStrict(b, &key); err != nil {
		t.Fatal(err)
	}
	certificate, err := os.ReadFile(filepath.Join(root, "sealed-secrets/minikube/certificate.pem"))
	if err != nil || key.StringData["tls.crt"] != string(certificate) {
		t.Errorf("the key's certificate is not the one that is sealed for: %v", err)
	}
	if other, err := os.ReadFile(filepath.Join(root, "sealed-secrets/gke/certificate.pem")); err != nil || strings.TrimSpace(string(other)) == strings.TrimSpace(string(certificate)) {
		t.Errorf("GKE's secrets are sealed for the public key: %v", err)
	}
	values := credential.Values{}
	for _, overlay := range overlays() {
		files, err := filepath.Glob(filepath.Join(root, "sealed-secrets", overlay, "*.yaml"))
		if err != nil || len(files) < 6 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		for _, file := range files {
			if filepath.Base(file) == "kustomization.yaml" {
				continue
			}
			sealed, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := sealing.Open([]byte(key.StringData["tls.key"]), sealed)
			if (err == nil) != (overlay == "minikube") {
				t.Errorf("%s: opened %v", file, err)
			}
			if err == nil {
				values[opened.Name] = opened.Data
			}
		}
	}
	// Generated again from the opened passwords, the users' file is the same.
	again, err := credential.Fresh(credential.Values{credential.SessionDB: values[credential.SessionDB], credential.Verifier: values[credential.Verifier],
		credential.SessionUsers: {"password": values[credential.SessionUsers]["password"]}, credential.TokenKey: values[credential.TokenKey]}, nil, strings.NewReader(strings.Repeat("x", 300)))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range again {
		if s.Name == credential.SessionUsers && s.Data["users.acl"] != values[s.Name]["users.acl"] {
			t.Error("Redis's users do not have the passwords that auth-api is given")
		}
	}
	if user := values[credential.AuthDB]["user"]; user == "" || !strings.Contains(values[credential.AuthDBUsers]["users.sql"], "ALTER ROLE "+user+" LOGIN PASSWORD 'SCRAM-SHA-256$") {
		t.Errorf("Postgres has no user %q, as which the schema is applied", user)
	}
	if user := values[credential.AuthDBService]["username"]; user == "" || !strings.Contains(values[credential.AuthDBUsers]["users.sql"], "\nGRANT auth_service TO "+user+";\n") {
		t.Errorf("Postgres has no user %q, as which auth-api serves", user)
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

// The golden files show reviewers what would be applied.
func TestRenderedAsReviewed(t *testing.T) {
	for _, overlay := range overlays() {
		asReviewed(t, overlay+".yaml")
	}
}

func asReviewed(t *testing.T, name string) {
	t.Helper()
	goldens, err := manifest.Goldens(root)
	if err != nil {
		t.Fatal(err)
	}
	got, found := goldens[manifest.GoldenFolder+"/"+name]
	if !found {
		t.Fatalf("%s is not made", name)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not as it was reviewed. If that is meant: go test ./internal/manifest -run AsReviewed -update, and read the difference", name)
	}
}
