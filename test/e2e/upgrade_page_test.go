//go:build e2e && drill

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// openHelloworld gives helloworld the node port of helloDoor, as auth-api has one.
func openHelloworld(t *testing.T) {
	t.Helper()
	const service = `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "helloworld-drill", "namespace": "auth"}, "spec": {"type": "NodePort",
		"selector": {"app.kubernetes.io/name": "helloworld"}, "ports": [{"name": "http", "port": 80, "targetPort": "http", "nodePort": 30081}]}}`
	if out, err := try([]byte(service), "apply", "-f", "-"); err != nil {
		t.Fatal(out)
	}
	t.Cleanup(func() {
		_, _ = try(nil, "--namespace", namespace, "delete", "service", "helloworld-drill", "--ignore-not-found")
	})
}

// page gives the commands below a heading of docs/upgrade.md, each on one line.
func page(t *testing.T, heading string) (commands []string) {
	t.Helper()
	text, err := os.ReadFile(root + "/docs/upgrade.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("docs/upgrade.md has no %q", heading)
	}
	level, _, _ := strings.Cut(heading, " ")
	inside := false
	for line := range strings.Lines(section) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = !inside && line == "```console\n"
		case inside && strings.TrimSpace(line) != "":
			commands = append(commands, strings.TrimSpace(line))
		case !inside && strings.HasPrefix(line, "#") && len(strings.Fields(line)[0]) <= len(level):
			section = ""
		}
		if section == "" {
			break
		}
	}
	if len(commands) == 0 {
		t.Fatalf("docs/upgrade.md has no commands below %q", heading)
	}
	return commands
}

// run runs the commands of a page in the repository, with the overlay that they name, and gives what they print.
func run(t *testing.T, overlay string, commands []string) (printed string) {
	t.Helper()
	for _, c := range commands {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // also when the test has ended
		began := time.Now()
		cmd := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", c)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "OVERLAY="+overlay)
		out, err := cmd.CombinedOutput()
		cancel()
		t.Logf("%s %5.1fs %s", began.Format(time.StampMilli), time.Since(began).Seconds(), c)
		if err != nil {
			t.Fatalf("%s: %v\n%s%s", c, err, out, waiting())
		}
		printed += fmt.Sprintf("$ %s\n%s", c, out)
	}
	return printed
}

// imageIsThere says early that the cluster lacks an image of an overlay.
func imageIsThere(t *testing.T, overlay, name string) {
	t.Helper()
	image := regexp.MustCompile(`image: (` + name + `:\S+)`).FindStringSubmatch(kubectl(t, "kustomize", overlay))
	if image == nil {
		t.Fatalf("%s has no image %s", overlay, name)
	}
	const pod = "e2e-image"
	t.Cleanup(func() {
		_, _ = try(nil, "--namespace", "default", "delete", "pod", pod, "--ignore-not-found", "--wait=false")
	})
	kubectl(t, "--namespace", "default", "run", pod, "--image="+image[1], "--restart=Never", "--image-pull-policy=IfNotPresent", "--command", "--", "true")
	if out, err := try(nil, "--namespace", "default", "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/"+pod, "--timeout=2m"); err != nil {
		t.Fatalf("IMAGE MISSING: the cluster has no %s and cannot pull it: %s", image[1], out)
	}
	kubectl(t, "--namespace", "default", "delete", "pod", pod)
}
