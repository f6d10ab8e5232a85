package manifest_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"auth.books.test/internal/manifest"
)

// controllers are what a cluster runs once, beside the platform.
func controllers() []string {
	return []string{"sealed-secrets/controller", "kustomize/traefik/controller", "kustomize/traefik/gateway"}
}

func controller(t *testing.T, dir string) *manifest.Set {
	t.Helper()
	out, err := manifest.Render(filepath.Join(root, dir))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(out))
}

func TestControllersArePinnedAndRestricted(t *testing.T) {
	exact := regexp.MustCompile(`:\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$`)
	for _, dir := range controllers() {
		s := controller(t, dir)
		for _, r := range podRules() {
			if slices.Contains([]string{"containers are restricted", "pods run as somebody, with the default seccomp profile", "every container says what it needs",
				"what serves is probed for start, readiness and life", "images have an exact tag and are not pulled each time"}, r.name) {
				for _, found := range r.check(s) {
					t.Errorf("%s: %s: %s", dir, r.name, found)
				}
			}
		}
		images := imagesIn(s)
		if len(images) != 1 || !exact.MatchString(images[0]) {
			t.Errorf("%s: %v is not one exact version", dir, images)
		}
	}
}

// A subject that everybody is, a right to everything, or one that makes more of itself.
func TestControllersMayDoOnlyWhatTheyNeed(t *testing.T) {
	writes := map[string][]string{"sealed-secrets/controller": {"sealedsecrets/status", "secrets", "events"}}
	for _, dir := range controllers() {
		roles := 0
		for _, o := range controller(t, dir).Others {
			text, err := json.Marshal(o.Content)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(o.Kind, "RoleBinding") && strings.Contains(string(text), "system:") {
				t.Errorf("%s: %s is for more than its controller; GKE refuses that", dir, o.Name)
			}
			if o.Kind != "ClusterRole" && o.Kind != "Role" {
				continue
			}
			roles++
			var role rbacv1.Role
			if err := json.Unmarshal(text, &role); err != nil {
				t.Fatal(err)
			}
			for _, rule := range role.Rules {
				for _, resource := range rule.Resources {
					writing := slices.ContainsFunc(rule.Verbs, func(verb string) bool { return !slices.Contains([]string{"get", "list", "watch"}, verb) })
					if resource == "*" || slices.Contains(rule.Verbs, "*") || writing && !strings.HasSuffix(resource, "/status") && !slices.Contains(writes[dir], resource) {
						t.Errorf("%s: %s %s may %v %s", dir, o.Kind, o.Name, rule.Verbs, resource)
					}
					if resource == "secrets" && strings.Contains(dir, "traefik") && (o.Kind != "Role" || o.Namespace != "auth") {
						t.Errorf("%s reads the secrets of other namespaces", dir)
					}
				}
			}
		}
		if roles == 0 {
			t.Errorf("%s has no role", dir)
		}
	}
}
