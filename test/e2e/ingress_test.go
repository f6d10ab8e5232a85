//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// visit asks for a page of a host, at the address of whoever serves it.
func visit(address, host, path, token string) (status int, body string, err error) {
	r, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return 0, "", err
	}
	r.Host = host
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return response.StatusCode, string(b), err
}

// bothHostsAnswer asks for what each host has, with a token and without.
func bothHostsAnswer(t *testing.T, address string) {
	t.Helper()
	email, _ := member(t)
	grant(t, email)
	a := want(t, 201, "POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	token, _ := a.body["access_token"].(string)
	// Traefik hears of a route a moment after it is there.
	eventually(t, time.Minute, "auth.books.test answers", func() error {
		status, body, err := visit(address, "auth.books.test", "/docs", "")
		if err != nil || status != 200 || !strings.Contains(strings.ToLower(body), "<html") {
			return fmt.Errorf("%d, %v: %.300s", status, err, body)
		}
		return nil
	})
	for _, c := range []struct {
		host, path, token string
		status            int
		says              string
	}{
		{"auth.books.test", "/v1/accounts/me", token, 200, email},
		{"helloworld.test", "/hello", "", 401, ""},
		{"helloworld.test", "/hello", token, 200, "Hello, " + email},
		{"helloworld.test", "/..%2fhello", token, 400, ""},
		{"other.test", "/hello", token, 404, ""},
	} {
		if status, body, err := visit(address, c.host, c.path, c.token); err != nil || status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s%s: %d, %v: %.300s; want %d", c.host, c.path, status, err, body, c.status)
		}
	}
}

func TestIngressServesBothHosts(t *testing.T) {
	ready(t)
	serveByTraefik(t)
	bothHostsAnswer(t, forwarded(t, "traefik", "service/traefik", "80"))
	// Where the addresses of the node lead to the node, its port 80 does too.
	if current := strings.TrimSpace(kubectl(t, "config", "current-context")); current == "minikube" || current == "one-node" {
		if status, body, err := visit(node()+":80", "auth.books.test", "/docs", ""); err != nil || status != 200 {
			t.Errorf("port 80 of the node: %d, %v: %.300s", status, err, body)
		}
	}
}

func TestGatewayServesBothHosts(t *testing.T) {
	ready(t)
	serveByTraefik(t)
	if out, _ := try(nil, "get", "clusterrole/traefik-gateway", "--ignore-not-found", "-o", "name"); out == "" {
		t.Cleanup(func() {
			_, _ = try(nil, "delete", "--ignore-not-found", "clusterrole/traefik-gateway", "clusterrolebinding/traefik-gateway", "gatewayclass/traefik")
			_, _ = try(nil, "--namespace", namespace, "delete", "--ignore-not-found", "role/traefik-gateway", "rolebinding/traefik-gateway")
			apply(t, traefik)
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "scripts/gateway-api")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("scripts/gateway-api: %v\n%s", err, out)
	}
	applyWith(t, "components: [../../components/gateway]\n")
	inAuth(t, "delete", "ingress/auth-api", "ingress/helloworld")
	inAuth(t, "wait", "--for=condition=Programmed", "--timeout=1m", "gateway/auth")
	bothHostsAnswer(t, forwarded(t, "traefik", "service/traefik", "80"))
}
