//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTokenLivesFromSignInToSignOut(t *testing.T) {
	_, token := member(t)
	want(t, 200, "GET", "/v1/accounts/me", token, nil)
	want(t, 204, "DELETE", "/v1/sessions/current", token, nil)
	want(t, 401, "GET", "/v1/accounts/me", token, nil)
}

// What the restricted pods may not do shows here alone: whether a worker may give
// way, and whether the user of Redis may rebuild it.
func TestPodsMayDoWhatTheServiceDoes(t *testing.T) {
	member(t)
	logs := func() string {
		return inAuth(t, "logs", "--selector=app.kubernetes.io/name=auth-api", "--tail=-1")
	}
	// A replica that started beside a Redis that was in line already said nothing.
	inAuth(t, "delete", "pod", "session-db-0", "--wait")
	eventually(t, 2*time.Minute, "Redis is known", func() error {
		if !strings.Contains(logs(), "Redis was brought in line with Postgres") {
			return errors.New("no replica says so")
		}
		return nil
	})
	if said := logs(); strings.Contains(said, "hashed in this process") {
		t.Errorf("no worker can be started:\n%s", said)
	}
	ready(t)
}

// asPod runs a script of bash in a pod of its own and gives what it prints.
func asPod(t *testing.T, in string, labels map[string]string, script string) string {
	t.Helper()
	name := fmt.Sprintf("e2e-%d", time.Now().UnixNano())
	var set []string
	for k, v := range labels {
		set = append(set, k+"="+v)
	}
	args := []string{"--namespace", in, "run", name, "--image=postgres:17.12", "--restart=Never", "--image-pull-policy=IfNotPresent"}
	if len(set) > 0 {
		args = append(args, "--labels="+strings.Join(set, ","))
	}
	args = append(args, "--command", "--", "bash", "-c", script)
	kubectl(t, args...)
	t.Cleanup(func() { _, _ = try(nil, "--namespace", in, "delete", "pod", name, "--wait=false") })
	eventually(t, time.Minute, "the pod ends", func() error {
		if phase := kubectl(t, "--namespace", in, "get", "pod", name, "-o", "jsonpath={.status.phase}"); phase != "Succeeded" && phase != "Failed" {
			return fmt.Errorf("it is %s", phase)
		}
		return nil
	})
	return kubectl(t, "--namespace", in, "logs", name)
}

// The same from a pod of another namespace, by the service's name.
func TestTokenLivesUnderTheServicesNameInTheCluster(t *testing.T) {
	email := fmt.Sprintf("grace-%d@books.test", time.Now().UnixNano())
	if err := createAccount(email); err != nil {
		t.Fatal(err)
	}
	out := asPod(t, "default", nil, fmt.Sprintf(`
		ask() { # METHOD PATH BODY [TOKEN]
			exec 3<>/dev/tcp/auth-api.auth.svc.cluster.local/80 || exit 1
			printf '%%s %%s HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %%d\r\nAuthorization: %%s\r\n\r\n%%s' "$1" "$2" "${#3}" "${4:+Bearer $4}" "$3" >&3
			cat <&3
		}
		body='{"email": "%[1]s", "password": "%[2]s"}'
		say() { tee /tmp/answer | head -1; }
		ask POST /v1/sessions "$body" | say
		token=$(sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p' /tmp/answer)
		ask GET /v1/accounts/me '' "$token" | say
		grep -o '"email":"[^"]*"' /tmp/answer
		ask DELETE /v1/sessions/current '' "$token" | say
		ask GET /v1/accounts/me '' "$token" | say
		ask GET /readyz '' | say
	`, email, password))
	var got []string
	for line := range strings.Lines(out) {
		got = append(got, strings.TrimSpace(strings.TrimPrefix(line, "HTTP/1.1 ")))
	}
	want := "201 Created,200 OK,\"email\":\"grace-,204 No Content,401 Unauthorized,200 OK"
	if !matchesAll(got, strings.Split(want, ",")) {
		t.Errorf("%q, want %s", got, want)
	}
}

func matchesAll(got, prefixes []string) bool {
	if len(got) != len(prefixes) {
		return false
	}
	for i, p := range prefixes {
		if !strings.HasPrefix(got[i], p) {
			return false
		}
	}
	return true
}
