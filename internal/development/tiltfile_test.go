package development_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/manifest"
)

func TestTiltfileFitsOnAFewScreens(t *testing.T) {
	t.Parallel()
	text := read(t, "Tiltfile")
	if n := strings.Count(text, "\n"); n > 150 {
		t.Errorf("%d lines", n)
	}
	text = regexp.MustCompile(`(?m)^#.*$`).ReplaceAllString(text, "")
	if strings.Contains(text, "load(") || strings.Contains(text, "kustomize(") || strings.Contains(text, "ext://") {
		t.Error("it loads what is not in the repository, or renders with another kustomize than kubectl's")
	}
}

func TestTiltRefusesContextsThatAreNotForDevelopment(t *testing.T) {
	t.Parallel()
	for context, allowed := range map[string]bool{
		"minikube": true, "one-node": true, "docker-desktop": true, "kind-auth": true,
		"": false, "gke_books_europe-west1_auth": false, "production": false, "minikube-prod": false, "my-minikube": false,
		"kind": false, "kind-": false, "docker-desktop2": false, "arn:aws:eks:eu-west-1:1:cluster/minikube": false,
	} {
		calls, err := inContext(context)
		if !allowed {
			if err == nil || !strings.Contains(message(err), fmt.Sprintf("%q is not for development: kubectl config use-context minikube", context)) {
				t.Errorf("%q is not refused as it should: %v", context, message(err))
			}
			// Nothing that could reach the cluster was said before.
			for _, c := range calls {
				if c.function != "version_settings" {
					t.Errorf("%q: %s came before the refusal", context, c.function)
				}
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", context, message(err))
			continue
		}
		if i := slices.IndexFunc(calls, func(c call) bool { return c.function == "allow_k8s_contexts" }); i < 0 || calls[i].name() != context {
			t.Errorf("%q: another context is allowed", context)
		}
	}
}

// resources gives all that the file makes, by name; a later call adds to an
// earlier one, as in Tilt.
func resources(calls []call) map[string]call {
	all := map[string]call{}
	for _, c := range calls {
		if c.function == "k8s_resource" || c.function == "local_resource" {
			all[c.name()] = c
		}
	}
	return all
}

// comesAfter says whether a resource waits for another, by whatever way.
func comesAfter(all map[string]call, name, other string) bool {
	return slices.ContainsFunc(all[name].list("resource_deps"), func(dep string) bool { return dep == other || comesAfter(all, dep, other) })
}

// Not parallel: kustomize keeps its schemas in a global. So with all that renders.
func TestEveryWorkloadIsALabelledResourceAfterTheController(t *testing.T) {
	all := resources(recorded(t, nil))
	for name, c := range all {
		if len(c.list("labels")) != 1 {
			t.Errorf("%s has the labels %v", name, c.list("labels"))
		}
		for _, dep := range c.list("resource_deps") {
			if _, exists := all[dep]; !exists {
				t.Errorf("%s waits for %s, which does not exist", name, dep)
			}
		}
	}
	for _, dir := range []string{"kustomize/overlays/tilt", "sealed-secrets/controller", "kustomize/traefik/controller"} {
		out, err := manifest.Render(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		s, err := manifest.Parse(out)
		if err != nil || len(s.Workloads()) == 0 {
			t.Fatalf("%s: %v", dir, err)
		}
		for _, w := range s.Workloads() {
			if all[w.Name].function != "k8s_resource" {
				t.Errorf("%s is no resource", w.Name)
			}
			// The controllers use no secrets; one of Traefik's roles is in the namespace auth.
			first := "secrets"
			if w.Name == "traefik" {
				first = "configuration"
			}
			if w.Name != "sealed-secrets" && !comesAfter(all, w.Name, first) {
				t.Errorf("%s does not wait for %s", w.Name, first)
			}
		}
	}
	// Key, controller, kind, sealed values, secrets: each after the one before.
	for _, pair := range [][2]string{{"sealed-secrets", "sealing-key"}, {"sealed-secrets-kind", "sealed-secrets"}, {"sealed-values", "sealed-secrets-kind"}, {"sealed-values", "configuration"}, {"secrets", "sealed-values"}} {
		if !comesAfter(all, pair[0], pair[1]) {
			t.Errorf("%s does not wait for %s", pair[0], pair[1])
		}
	}
	if wait := commandOf(all["sealed-secrets-kind"]); !strings.Contains(wait, "wait --for=condition=Established") || !strings.Contains(wait, "crd/sealedsecrets.bitnami.com") {
		t.Errorf("the kind is not waited for: %s", wait)
	}
}

// No object is left to the order that Tilt happens to choose.
func TestEveryObjectBelongsToAResource(t *testing.T) {
	all := resources(recorded(t, nil))
	owner := map[string]string{}
	for name, c := range all {
		for _, object := range c.list("objects") {
			if other, taken := owner[object]; taken {
				t.Errorf("%s belongs to %s and to %s", object, name, other)
			}
			owner[object] = name
		}
	}
	count := 0
	for dir, belongs := range map[string][]string{
		"sealed-secrets/minikube/key": {"sealing-key"}, "sealed-secrets/controller": {"sealing-key", "sealed-secrets"}, "kustomize/overlays/tilt": {"configuration", "sealed-values"},
		"kustomize/traefik/controller": {"traefik"},
	} {
		out, err := manifest.Render(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		object := regexp.MustCompile(`(?m)^kind: (\w+)\n(?:.*\n)*?  name: (\S+)$`)
		for _, document := range strings.Split(string(out), "\n---\n") {
			found := object.FindStringSubmatch(document)
			if found == nil {
				t.Fatalf("no name in %s", document)
			}
			kind, name := found[1], found[2]
			switch kind {
			case "Deployment", "StatefulSet", "Job", "Service":
				continue // Tilt's own grouping
			}
			count++
			if o := owner[name+":"+kind]; !slices.Contains(belongs, o) || (kind == "SealedSecret") != (o == "sealed-values") {
				t.Errorf("%s %s belongs to %q", kind, name, o)
			}
		}
	}
	if count != len(owner) {
		t.Errorf("%d objects, %d are named", count, len(owner))
	}
}

func commandOf(c call) string {
	if len(c.args) < 2 {
		return ""
	}
	s, _ := c.args[1].(string)
	return s
}

func TestCommandsKeepToTheContext(t *testing.T) {
	for name, c := range resources(recorded(t, nil)) {
		command := commandOf(c)
		if strings.Count(command, "kubectl ") != strings.Count(command, "kubectl --context=minikube ") {
			t.Errorf("%s: %s", name, command)
		}
	}
}

// imported are the folders of this module that a program is made of.
func imported(t *testing.T, program string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{.ImportPath}}{{end}}{{end}}", "./services/"+program)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, path := range strings.Fields(string(out)) {
		dirs = append(dirs, strings.TrimPrefix(path, "auth.books.test/"))
	}
	return dirs
}

func TestSavingAnySourceCompilesItsService(t *testing.T) {
	all := resources(recorded(t, nil))
	for _, service := range services() {
		c := all["compile-"+service]
		command := commandOf(c)
		if !strings.Contains(command, "CGO_ENABLED=0 GOOS=linux ") || !strings.Contains(command, " ./services/"+service+" ") {
			t.Errorf("%s: %s", service, command)
		}
		if !slices.Contains(c.list("ignore"), "**/*_test.go") || !slices.Contains(c.list("deps"), "go.mod") {
			t.Errorf("%s: ignores %v, watches %v", service, c.list("ignore"), c.list("deps"))
		}
		watched := func(dir string) bool {
			return slices.ContainsFunc(c.list("deps"), func(dep string) bool { return dir == dep || strings.HasPrefix(dir, dep+"/") })
		}
		dirs := imported(t, service)
		for _, dir := range dirs {
			if !watched(dir) {
				t.Errorf("%s is made of %s, which is not watched", service, dir)
			}
		}
		if len(dirs) < 3 || watched("docs") || watched("internal/manifest") {
			t.Errorf("%s: %d packages; too much is watched: %v", service, len(dirs), c.list("deps"))
		}
		if !slices.Contains(all[service].list("resource_deps"), "compile-"+service) {
			t.Errorf("%s does not wait for its binary", service)
		}
	}
	if deps := all["compile-schema"].list("deps"); !slices.Contains(deps, "schema") || slices.Contains(deps, "services/auth-api") {
		t.Errorf("the schema is applied again with %v", deps)
	}
}

// images gives the calls that make images, by reference.
func images(calls []call) map[string]call {
	all := map[string]call{}
	for _, c := range calls {
		if c.function == "docker_build" || c.function == "custom_build" {
			all[c.name()] = c
		}
	}
	return all
}

func TestImagesAreThoseOfTheOverlay(t *testing.T) {
	out, err := manifest.Render(filepath.Join(root, "kustomize/overlays/tilt"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]bool{}
	for _, found := range regexp.MustCompile(`image: (localhost:5000/\S+):dev`).FindAllStringSubmatch(string(out), -1) {
		wanted[found[1]] = true
	}
	for _, env := range []map[string]string{nil, {"TILT_IMAGE_COMMAND": "load it"}} {
		all := images(recorded(t, env))
		if len(all) != len(wanted) || len(all) != len(services())+1 {
			t.Errorf("%d images, and the overlay has %v", len(all), wanted)
		}
		for ref, c := range all {
			if !wanted[ref] {
				t.Errorf("%s is made for nobody", ref)
			}
			if env == nil && (c.function != "docker_build" || !slices.Contains([]string{"dev", "host"}, c.named["target"].(string)) || len(c.list("only")) != 2) {
				t.Errorf("%s: %+v", ref, c)
			}
			if env != nil {
				settings, _ := c.named["env"].(map[string]any)
				if c.function != "custom_build" || c.args[1] != "load it" || settings["DOCKERFILE"] == nil || settings["TARGET"] == nil || settings["BINARY"] == nil || c.named["disable_push"] != true {
					t.Errorf("%s: %+v", ref, c)
				}
			}
		}
	}
}

// The binary goes to where process 1 looks for it, and then it is told.
func TestLiveUpdateIsOneFileAndOneSignal(t *testing.T) {
	calls := recorded(t, nil)
	for _, service := range services() {
		steps := images(calls)["localhost:5000/"+service].list("live_update")
		want := []string{
			fmt.Sprint("sync", []any{"bin/dev/" + service, "/live/" + service}, map[string]any{}),
			fmt.Sprint("run", []any{"kill -HUP 1"}, map[string]any{"echo_off": true}),
		}
		if !slices.Equal(steps, want) {
			t.Errorf("%s: %q, want %q", service, steps, want)
		}
		if dockerfile := read(t, "services/"+service+"/Dockerfile"); !strings.Contains(dockerfile, fmt.Sprintf(`ENTRYPOINT ["/bin/live", "/app/%s"]`, service)) {
			t.Errorf("%s: its dev image does not run /bin/live", service)
		}
	}
	if steps := images(calls)["localhost:5000/schema"].list("live_update"); len(steps) != 0 {
		t.Errorf("a Job cannot be updated live: %v", steps)
	}
}

func TestServicesAndStoresAreLinked(t *testing.T) {
	calls := recorded(t, nil)
	all := resources(calls)
	for _, name := range append(services(), "auth-db", "session-db") {
		if all[name].named["port_forwards"] == nil {
			t.Errorf("%s cannot be reached where node ports cannot", name)
		}
	}
	ports, docs := map[any]bool{}, false
	for _, c := range calls {
		if c.function == "port_forward" {
			if ports[c.args[0]] {
				t.Errorf("port %v is forwarded twice", c.args[0])
			}
			ports[c.args[0]] = true
			docs = docs || c.named["link_path"] == "/docs"
		}
	}
	if !docs || !strings.Contains(fmt.Sprint(all["auth-api"].named["links"]), "http://auth.books.test/docs") {
		t.Error("there is no way to the documentation of the API")
	}
}

// `tilt ci` waits for all that starts by itself, so none of these may.
func TestTestsAndStoresAreAskedOnDemand(t *testing.T) {
	all := resources(recorded(t, nil))
	for name, part := range map[string]string{"psql": "psql --username=postgres ", "redis-cli": "redis-cli --user verifier", "test": "make test", "lint": "make lint", "manifests": "go test ./internal/manifest", "doctor": "platform doctor"} {
		c, exists := all[name]
		if !exists || !strings.Contains(commandOf(c), part) || c.named["auto_init"] != false || c.named["trigger_mode"] != "manual" {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestChangedManifestsAreSeen(t *testing.T) {
	var watched []string
	for _, c := range recorded(t, nil) {
		if c.function == "watch_file" {
			watched = append(watched, c.name())
		}
	}
	for _, dir := range []string{"kustomize", "kustomize/traefik/controller", "sealed-secrets/minikube", "sealed-secrets/controller", "sealed-secrets/minikube/key"} {
		if !slices.Contains(watched, dir) {
			t.Errorf("%s is not watched", dir)
		}
	}
}

// The program itself, without a cluster: the context leads nowhere.
func TestTiltReadsItsFileWithoutAClusterOrANetwork(t *testing.T) {
	for _, program := range []string{"tilt", "kubectl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED: %s is not installed; the Tiltfile was evaluated with recording functions in its place", program)
		}
	}
	config := filepath.Join(t.TempDir(), "config")
	for context, allowed := range map[string]bool{"minikube": true, "production": false} {
		text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: %[1]s\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {token: t}}]\ncontexts: [{name: %[1]s, context: {cluster: c, user: u}}]\n", context)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := limit(t, time.Minute)
		cmd := exec.CommandContext(ctx, "tilt", "alpha", "tiltfile-result", "--verbose")
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "KUBECONFIG="+config, "TILT_DISABLE_ANALYTICS=1", "TILT_IMAGE_COMMAND=true")
		out, err := cmd.CombinedOutput()
		cancel()
		if (err == nil) != allowed || !allowed && !strings.Contains(string(out), "is not for development") {
			t.Errorf("%s: %v: %.2000s", context, err, out)
		}
	}
}

func limit(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}
