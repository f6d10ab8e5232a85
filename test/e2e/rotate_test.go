//go:build e2e

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// rotate takes a step in a copy of the repository and gives the commands that the
// program says are to follow.
func rotate(t *testing.T, dir, secret string, step ...string) (commands []string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"run", "-buildvcs=false", "./cmd/platform", "rotate", "--env", "minikube", "--dir", dir, "--secret", secret}, step...)...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("rotate %s: %v\n%s", secret, err, out)
	}
	for line := range strings.Lines(string(out)) {
		if command, found := strings.CutPrefix(line, "  kubectl "); found {
			commands = append(commands, "kubectl "+strings.TrimSpace(command))
		}
	}
	if len(commands) == 0 {
		t.Fatalf("rotate %s says nothing that is to be done:\n%s", secret, out)
	}
	return commands
}

// follow runs commands as they were printed.
func follow(t *testing.T, commands []string) {
	t.Helper()
	for _, c := range commands {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		began := time.Now()
		out, err := exec.CommandContext(ctx, "bash", "-c", c).CombinedOutput()
		cancel()
		t.Logf("%s %5.1fs %s", began.Format(time.StampMilli), time.Since(began).Seconds(), c)
		if err != nil {
			t.Fatalf("%s: %v\n%s%s", c, err, out, waiting())
		}
	}
}

func copyOfSecrets(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"kustomize", "sealed-secrets"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(root, part))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// askHelloworld asks helloworld from a pod, as fast as it can, until it is stopped.
func askHelloworld(t *testing.T, token string) (stop func()) {
	t.Helper()
	name := fmt.Sprintf("e2e-ask-%d", time.Now().UnixNano())
	const script = `trap 'echo "$n asked"; exit' TERM; n=0
		while true; do
			answer=$(timeout 5 bash -c 'exec 3<>/dev/tcp/helloworld.auth.svc.cluster.local/80; printf "GET /hello HTTP/1.0\r\nAuthorization: Bearer TOKEN\r\n\r\n" >&3; head -1 <&3')
			n=$((n + 1)); case $answer in *"200 OK"*) ;; *) echo "failed: $answer" ;; esac
		done`
	kubectl(t, "--namespace", "default", "run", name, "--image=postgres:17.12", "--restart=Never", "--image-pull-policy=IfNotPresent", "--command", "--", "bash", "-c", strings.ReplaceAll(script, "TOKEN", token))
	t.Cleanup(func() {
		_, _ = try(nil, "--namespace", "default", "delete", "pod", name, "--wait=false", "--ignore-not-found")
	})
	kubectl(t, "--namespace", "default", "wait", "--for=condition=Ready", "pod/"+name, "--timeout=1m")
	return func() {
		_, _ = try(nil, "--namespace", "default", "exec", name, "--", "bash", "-c", "kill -TERM 1")
		kubectl(t, "--namespace", "default", "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/"+name, "--timeout=1m")
		out := kubectl(t, "--namespace", "default", "logs", name)
		t.Logf("helloworld: %s", strings.TrimSpace(out))
		if strings.Contains(out, "failed") || !strings.Contains(out, "asked") || strings.HasPrefix(out, "0 asked") {
			t.Errorf("helloworld failed a request")
		}
	}
}

// Every secret gets a new value, by the commands that platform rotate prints,
// while people verify tokens and sign in.
func TestRotatedSecretsFailNoRequest(t *testing.T) {
	dir := copyOfSecrets(t)
	email, token := member(t)
	grant(t, email)
	signIn := func() (answer, error) {
		return send("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	}
	reader, err := signIn()
	if err != nil || reader.status != 201 {
		t.Fatalf("%v %v", reader, err)
	}
	t.Cleanup(func() { backToGit(t) })
	stop := askHelloworld(t, fmt.Sprint(reader.body["access_token"]))
	l := &load{stop: make(chan struct{})}
	l.start(4, time.Millisecond, 200, me(token))
	// Another person: whoever signs in more than a hundred times ends their older sessions.
	other, _ := member(t)
	l.start(1, 500*time.Millisecond, 201, func() (answer, error) {
		return send("POST", "/v1/sessions", "", map[string]string{"email": other, "password": password})
	})

	passwords := []string{"auth-db-credentials", "auth-db-service", "session-db-credentials", "session-db-verifier"}
	stores := append(pods(t, "auth-db"), pods(t, "session-db")...)
	api, hello := pods(t, "auth-api"), pods(t, "helloworld")
	for _, name := range append(passwords, "session-db-token-key", "auth-api-service-key") {
		follow(t, rotate(t, dir, name))
	}
	exchanged(t, "auth-api", api)
	exchanged(t, "helloworld", hello)
	// Everybody knows both keys; now the new one is used.
	api = pods(t, "auth-api")
	follow(t, rotate(t, dir, "session-db-token-key", "--use"))
	follow(t, rotate(t, dir, "auth-api-service-key", "--use"))
	exchanged(t, "auth-api", api)
	a, err := signIn()
	renewed := fmt.Sprint(a.body["access_token"])
	if err != nil || a.status != 201 {
		t.Fatalf("%v %v", a, err)
	}
	want(t, 200, "GET", "/v1/accounts/me", token, nil)
	for _, name := range passwords {
		follow(t, rotate(t, dir, name, "--finish"))
		eventually(t, time.Minute, "the old Secret "+name+" is gone", func() error {
			if out, err := try(nil, "--namespace", namespace, "get", "secret", name); err == nil {
				return errors.New(out)
			}
			return nil
		})
	}
	// Whoever signs in anew does so with the new passwords.
	api = pods(t, "auth-api")
	inAuth(t, "rollout", "restart", "deployment/auth-api")
	exchanged(t, "auth-api", api)
	l.end(t, 100)
	stop()
	if after := append(pods(t, "auth-db"), pods(t, "session-db")...); !slices.Equal(after, stores) || strings.Contains(inAuth(t, "get", "pod", "auth-db-0", "session-db-0", "-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}"), "1") {
		t.Errorf("a store was restarted: %v, before %v", after, stores)
	}

	// When no session of before is left, the old key goes, and its tokens with it.
	api = pods(t, "auth-api")
	follow(t, rotate(t, dir, "session-db-token-key", "--finish"))
	follow(t, rotate(t, dir, "auth-api-service-key", "--finish"))
	exchanged(t, "auth-api", api)
	want(t, 401, "GET", "/v1/accounts/me", token, nil)
	want(t, 200, "GET", "/v1/accounts/me", renewed, nil)
}

// backToGit gives the cluster the secrets of the repository again.
func backToGit(t *testing.T) {
	t.Helper()
	for _, name := range strings.Fields(inAuth(t, "get", "sealedsecrets", "-o", "jsonpath={.items[*].metadata.name}")) {
		if strings.Contains(name, "-v") && !strings.HasSuffix(name, "verifier") {
			inAuth(t, "delete", "sealedsecret", name)
		}
	}
	apply(t, "kustomize/overlays/minikube")
	platform(t, "sync")
	ready(t)
}

// platform runs a command of the tool on this repository, or on another with --dir.
func platform(t *testing.T, command string, args ...string) string {
	t.Helper()
	out, err := tryPlatform(command, args...)
	if err != nil {
		t.Fatalf("platform %s: %v\n%s%s", command, err, out, waiting())
	}
	return out
}

func tryPlatform(command string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append([]string{"run", "-buildvcs=false", "./cmd/platform", command, "--env", "minikube"}, args...)...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}
