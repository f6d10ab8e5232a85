package manifest_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"auth.books.test/internal/manifest"
)

// deprecatedIn are the deprecated parts of rendered YAML.
func deprecatedIn(t *testing.T, rendered string) (found []string) {
	t.Helper()
	table, kinds, values := deprecations(), deprecatedKinds(), deprecatedValues()
	early := regexp.MustCompile(`^v\d+(alpha|beta)\d+$`)
	for document := range strings.SplitSeq(rendered, "\n---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		group, version, grouped := strings.Cut(fmt.Sprint(object["apiVersion"]), "/")
		if !grouped {
			group, version = "", group
		}
		what := fmt.Sprint(object["apiVersion"], " ", object["kind"])
		// The Gateway API's kinds are no part of Kubernetes, though its name ends like that.
		builtIn := !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") && group != "gateway.networking.k8s.io"
		if builtIn && early.MatchString(version) {
			found = append(found, what+": no version of a release, so it is removed some day")
		}
		if why := kinds[what]; why != "" {
			found = append(found, what+": since "+why)
		}
		if object["kind"] == "CustomResourceDefinition" || !builtIn {
			continue // fields of its own
		}
		var walk func(path string, v any)
		name := func(path, word string) {
			for key, why := range table {
				if word == key || strings.HasSuffix(key, "/") && strings.HasPrefix(word, key) {
					found = append(found, fmt.Sprintf("%s%s: %s is deprecated since %s", what, path, word, why))
				}
			}
		}
		walk = func(path string, v any) {
			switch v := v.(type) {
			case map[string]any:
				for key, value := range v {
					// What is in a ConfigMap is for a program.
					if path == "" && (key == "data" || key == "binaryData" || key == "stringData") {
						continue
					}
					name(path, key)
					if why := values[fmt.Sprintf("%s: %v", key, value)]; why != "" {
						found = append(found, fmt.Sprintf("%s%s: %s %v is deprecated since %s", what, path, key, value, why))
					}
					walk(path+"."+key, value)
				}
			case []any:
				for _, item := range v {
					walk(path, item)
				}
			case string:
				if strings.Contains(v, "/") {
					name(path, v) // a label, as the key of an affinity
				}
			}
		}
		walk("", object)
	}
	return found
}

func TestNothingIsDeprecatedInKubernetes137(t *testing.T) {
	rendered := map[string]string{}
	for _, dir := range kustomizations(t) {
		out, err := manifest.Render(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		rendered[dir] = string(out)
	}
	for component, on := range components() {
		rendered[component] = renderWith(t, on[0], component)
	}
	for what, text := range rendered {
		for _, found := range deprecatedIn(t, text) {
			// GKE's controller reads only the annotation.
			if what == "ingress-gce" && strings.Contains(found, "kubernetes.io/ingress.class") {
				continue
			}
			t.Errorf("%s: %s", what, found)
		}
	}
}

func TestDeprecatedThingsAreFound(t *testing.T) {
	t.Parallel()
	var texts []string
	for key := range deprecations() {
		texts = append(texts, fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {%q: x}}}", key))
	}
	for kind := range deprecatedKinds() {
		texts = append(texts, "apiVersion: "+strings.Replace(kind, " ", "\nkind: ", 1))
	}
	for value := range deprecatedValues() {
		texts = append(texts, "apiVersion: v1\nkind: Any\nspec:\n  "+value)
	}
	texts = append(texts, "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget", "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress",
		"apiVersion: v1\nkind: Pod\nspec: {topologySpreadConstraints: [{topologyKey: failure-domain.beta.kubernetes.io/zone}]}")
	for _, text := range texts {
		if len(deprecatedIn(t, text)) != 1 {
			t.Errorf("found %v in\n%s", deprecatedIn(t, text), text)
		}
	}
	for _, text := range []string{"apiVersion: v1\nkind: ConfigMap\ndata: {serviceAccount: a}", "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret", "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant"} {
		if found := deprecatedIn(t, text); found != nil {
			t.Errorf("found %v", found)
		}
	}
}
