package development_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/manifest"
)

// desk is a copy of what the scripts need, with stand-ins for minikube, kubectl
// and make that write down how they were called: a cluster is not what is tested.
type desk struct{ dir, log string }

const standIn = `#!/bin/sh
echo "${0##*/} $*" >>"$CALLS"
case "${0##*/} $*" in
  $FAILS) echo "${0##*/} does not work" >&2; exit 1 ;;
  "kubectl config current-context") echo "$CONTEXT" ;;
  *" get deployments "*) if [ -e "$HOME/applied" ]; then echo deployment.apps/one; echo deployment.apps/two; else printf '%s' "$DEPLOYED"; fi ;;
  *" apply --kustomize=kustomize/overlays/minikube") : >"$HOME/applied" ;;
  *" get ingresses "*) echo one.test two.test ;;
  *" get clusterrole/traefik-gateway "*) printf '%s' "$GATEWAY" ;;
  *" get deployment/sealed-secrets "*) printf '%s' "$CONTROLLER" ;;
  *" apply --kustomize=sealed-secrets/minikube/key") : >"$HOME/key" ;;
  *" get secret/development-sealing-key "*) if [ -e "$HOME/key" ]; then printf '%s' "$KEY_AFTER"; else printf '%s' "$KEY_BEFORE"; fi ;;
  *" image build "*) for last; do :; done; (cd "$last" && find . -type f | sort | tr '\n' ' ' | sed 's/^/  has /;s/ *$/\n/') >>"$CALLS" ;;
  "make build") mkdir -p bin && echo program >bin/one && echo program >bin/two && echo "  for $GOOS" >>"$CALLS" ;;
  *" ip") echo 192.0.2.7 ;;
  "go mod download "*) mkdir -p "$HOME/module/$DEFINITIONS" && printf '{\n\t"Path": "any",\n\t"Dir": "%s",\n\t"Sum": "h1:x"\n}\n' "$HOME/module" ;;
esac
`

func newDesk(t *testing.T, without ...string) desk {
	t.Helper()
	d := desk{dir: t.TempDir()}
	d.log = filepath.Join(d.dir, "calls")
	if err := os.MkdirAll(filepath.Join(d.dir, "path"), 0o755); err != nil {
		t.Fatal(err)
	}
	// Services of other names: the scripts know none.
	for path, text := range map[string]string{"scripts/minikube-up": read(t, "scripts/minikube-up"), "scripts/deploy": read(t, "scripts/deploy"), "scripts/gateway-api": read(t, "scripts/gateway-api"), "services/one/Dockerfile": "", "services/two/Dockerfile": ""} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(d.dir, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d.dir, path), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// Nothing but these can be called, whatever is installed here.
	for _, tool := range []string{"bash", "sh", "cat", "cp", "dirname", "find", "mkdir", "mktemp", "rm", "sed", "sort", "tr"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(d.dir, "path", tool)); err != nil {
			t.Fatal(err)
		}
	}
	for _, program := range []string{"minikube", "kubectl", "make", "go"} {
		if !slices.Contains(without, program) {
			if err := os.WriteFile(filepath.Join(d.dir, "path", program), []byte(standIn), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	return d
}

// run gives what a script prints and what it called.
func (d desk) run(t *testing.T, env []string, script string, arguments ...string) (out string, calls []string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(d.dir, script), arguments...)
	cmd.Env = append([]string{"PATH=" + filepath.Join(d.dir, "path"), "CALLS=" + d.log, "FAILS=nothing", "CONTEXT=minikube", "DEPLOYED=", "CONTROLLER=", "GATEWAY=", "DEFINITIONS=config/crd/standard", "KEY_BEFORE=", "KEY_AFTER=", "HOME=" + d.dir}, env...)
	printed, err := cmd.CombinedOutput()
	b, _ := os.ReadFile(d.log) // there is none where nothing was called
	return string(printed), strings.Split(strings.TrimSpace(string(b)), "\n"), err
}

// inOrder says which of the wanted calls is missing, or comes too early.
func inOrder(calls, wanted []string) string {
	i := 0
	for _, call := range calls {
		if i < len(wanted) && strings.Contains(call, wanted[i]) {
			i++
		}
	}
	if i < len(wanted) {
		return wanted[i]
	}
	return ""
}

func TestMinikubeComesUpInOrder(t *testing.T) {
	t.Parallel()
	out, calls, err := newDesk(t).run(t, nil, "scripts/minikube-up")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	all := strings.Join(calls, "\n")
	if missing := inOrder(calls, []string{
		"minikube start --profile=minikube --container-runtime=docker --cni=calico --kubernetes-version=v1.", "addons disable ingress", "addons enable metrics-server",
		"make build", "  for linux",
		"image build --tag=localhost:5000/one:dev --build-opt=target=host ", "  has ./Dockerfile ./bin/one",
		"image build --tag=localhost:5000/two:dev --build-opt=target=host ", "./bin/two",
		"create namespace sealed-secrets", "apply --kustomize=sealed-secrets/minikube/key", "apply --kustomize=sealed-secrets/controller",
		"wait --for=condition=Established", "rollout status deployment/sealed-secrets", "delete job schema", "apply --kustomize=kustomize/overlays/minikube",
		"apply --kustomize=kustomize/traefik/controller", "go run ./cmd/platform sync --env=minikube --context=minikube",
		"rollout status statefulset/auth-db", "rollout status statefulset/session-db", "rollout status deployment.apps/one", "rollout status deployment.apps/two",
		"--namespace=traefik rollout status deployment/traefik", " ip",
	}); missing != "" {
		t.Errorf("%q is missing, or not in its place:\n%s", missing, all)
	}
	for _, line := range []string{"http://192.0.2.7:30080/docs", "192.0.2.7:30001", "192.0.2.7:30002", "192.0.2.7 one.test two.test"} {
		if !strings.Contains(out, line) {
			t.Errorf("it does not print %q: %s", line, out)
		}
	}
	if strings.Contains(all, "rollout restart") {
		t.Error("what was just made is started again")
	}
	for _, call := range calls {
		if strings.HasPrefix(call, "kubectl") && !strings.HasPrefix(call, "kubectl --context=minikube ") {
			t.Errorf("%q may reach another cluster", call)
		}
		if strings.HasPrefix(call, "minikube") && !strings.Contains(call, "--profile=minikube") {
			t.Errorf("%q may be of another cluster", call)
		}
	}
}

// Not parallel: kustomize keeps its schemas in a global.
func TestTheOverlayRunsTheImagesThatMinikubeUpBuilds(t *testing.T) {
	overlay, err := manifest.Render(filepath.Join(root, "kustomize/overlays/minikube"))
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range services() {
		if image := "image: localhost:5000/" + service + ":dev\n"; !strings.Contains(string(overlay), image) {
			t.Errorf("the overlay has no %s", image)
		}
	}
}

func TestSecondTimeRunsTheNewImages(t *testing.T) {
	t.Parallel()
	out, calls, err := newDesk(t).run(t, []string{"DEPLOYED=deployment.apps/one", "KUBERNETES_VERSION=v1.36.0", "MINIKUBE_CPUS=2", "MINIKUBE_MEMORY=3g"}, "scripts/minikube-up")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if missing := inOrder(calls, []string{"--kubernetes-version=v1.36.0 --cpus=2 --memory=3g", "apply --kustomize=kustomize/overlays/minikube", "rollout restart deployment.apps/one", "rollout status deployment.apps/one"}); missing != "" {
		t.Errorf("%q is missing:\n%s", missing, strings.Join(calls, "\n"))
	}
}

// A controller that runs does not see a key that comes after it.
func TestControllerIsStartedAgainForAKeyThatComesLater(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after, controller string
		restarted                 bool
	}{
		{"", "uid 1", "", false},
		{"", "uid 1", "deployment.apps/sealed-secrets", true},
		{"uid 1", "uid 2", "deployment.apps/sealed-secrets", true},
		{"uid 1", "uid 1", "deployment.apps/sealed-secrets", false},
	} {
		out, calls, err := newDesk(t).run(t, []string{"KEY_BEFORE=" + c.before, "KEY_AFTER=" + c.after, "CONTROLLER=" + c.controller}, "scripts/deploy")
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if restarted := strings.Contains(strings.Join(calls, "\n"), "rollout restart deployment/sealed-secrets"); restarted != c.restarted {
			t.Errorf("%+v: started again: %v\n%s", c, restarted, strings.Join(calls, "\n"))
		}
	}
}

// Each of these stops everything after it.
func TestMinikubeUpStopsAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fails, never string }{
		{"minikube start *", "addons"},
		{"make build", "image build"},
		{"*image build *", "create namespace"},
		{"*overlays/minikube", "kustomize/traefik"},
		{"*traefik/controller", "cmd/platform sync"},
		{"*status deployment/traefik*", "minikube ip"},
		{"*minikube/key", "sealed-secrets/controller"},
		{"*condition=Established*", "overlays"},
		{"*status deployment/sealed-secrets*", "overlays"},
		{"*overlays/minikube", "cmd/platform sync"},
		{"go run *", "rollout status statefulset"},
		{"*status statefulset/session-db*", "deployment.apps/one --timeout"},
	} {
		out, calls, err := newDesk(t).run(t, []string{"FAILS=" + c.fails}, "scripts/minikube-up")
		if err == nil || strings.Contains(strings.Join(calls, "\n"), c.never) || strings.Contains(out, "docs  ") {
			t.Errorf("%s fails, and it goes on: %v\n%s", c.fails, err, strings.Join(calls, "\n"))
		}
	}
}

// Each way to serve the hosts is applied as it is there, or not at all.
func TestDeployAppliesTheControllerOfTheIngresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env     string
		applied string
	}{
		{"GATEWAY=", "kustomize/traefik/controller"},
		{"GATEWAY=clusterrole.rbac.authorization.k8s.io/traefik-gateway", "kustomize/traefik/gateway"},
		{"WITHOUT_INGRESS=1", ""},
	} {
		out, calls, err := newDesk(t).run(t, []string{c.env}, "scripts/deploy")
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		all := strings.Join(calls, "\n")
		if c.applied == "" && strings.Contains(all, "traefik") || !strings.Contains(all, "apply --kustomize="+c.applied) {
			t.Errorf("%s: not %q:\n%s", c.env, c.applied, all)
		}
	}
}

// Traefik waits for ever for a kind that is not there.
func TestGatewayAPIComesBeforeWhoServesIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	out, calls, err := d.run(t, nil, "scripts/gateway-api")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if missing := inOrder(calls, []string{"go mod download -json sigs.k8s.io/gateway-api@v1.", "--context=minikube apply --server-side --force-conflicts --filename=" + filepath.Join(d.dir, "module/config/crd/standard"),
		"wait --for=condition=Established", "--context=minikube apply --kustomize=kustomize/traefik/gateway", "rollout status deployment/traefik"}); missing != "" {
		t.Errorf("%q is missing, or not in its place:\n%s", missing, strings.Join(calls, "\n"))
	}
	for _, env := range []string{"CONTEXT=production", "DEFINITIONS=elsewhere", "FAILS=go mod download *", "FAILS=*apply --server-side*"} {
		out, calls, err := newDesk(t).run(t, []string{env}, "scripts/gateway-api")
		if err == nil || strings.Contains(strings.Join(calls, "\n"), "kustomize/traefik") {
			t.Errorf("%s, and it goes on: %v: %s\n%s", env, err, out, strings.Join(calls, "\n"))
		}
	}
}

func TestMinikubeUpSaysWhatIsNotInstalled(t *testing.T) {
	t.Parallel()
	out, calls, err := newDesk(t, "minikube").run(t, nil, "scripts/minikube-up")
	if err == nil || !strings.Contains(out, "minikube is not installed") || strings.Contains(strings.Join(calls, ""), "kubectl") {
		t.Errorf("%v, %v: %s", err, calls, out)
	}
}

func TestDeployRefusesContextsThatAreNotForDevelopment(t *testing.T) {
	t.Parallel()
	for context, allowed := range map[string]bool{"minikube": true, "one-node": true, "docker-desktop": true, "kind-a": true, "kind-": false, "kind": false, "production": false, "gke_a": false, "minikube2": false, "": false} {
		out, calls, err := newDesk(t).run(t, []string{"CONTEXT=" + context}, "scripts/deploy")
		if (err == nil) != allowed || !allowed && (len(calls) != 1 || !strings.Contains(out, "kubectl config use-context minikube")) {
			t.Errorf("%q: %v, %v: %s", context, err, calls, out)
		}
	}
}

// targets are those of the Makefile.
func targets(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, found := range regexp.MustCompile(`(?m)^([a-z0-9-]+):`).FindAllStringSubmatch(read(t, "Makefile"), -1) {
		all = append(all, found[1])
	}
	return all
}

func TestMakeBringsMinikubeUpAndDown(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"minikube-up", "minikube-down", "tilt-ci"} {
		if !slices.Contains(targets(t), target) {
			t.Errorf("there is no make %s", target)
		}
	}
}
