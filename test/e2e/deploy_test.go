//go:build e2e

package e2e_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

func TestGKEOverlayIsAcceptedByTheAPIServer(t *testing.T) {
	kubectl(t, "apply", "-f", "test/e2e/testdata/crds.yaml")
	kubectl(t, "apply", "-f", "sealed-secrets/controller/customresourcedefinition.yaml")
	kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "-f", "test/e2e/testdata/crds.yaml", "-f", "sealed-secrets/controller/customresourcedefinition.yaml")
	// In a namespace of its own: what is there of the other overlay cannot be changed into this.
	const other = "auth-gke-check"
	rendered := kubectl(t, "kustomize", "kustomize/overlays/gke")
	rendered = strings.ReplaceAll(rendered, "namespace: auth\n", "namespace: "+other+"\n")
	rendered = strings.Replace(rendered, "\n  name: auth\n---", "\n  name: "+other+"\n---", 1) // the Namespace itself comes first
	namespaceYAML := "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + other + "\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n    pod-security.kubernetes.io/warn: restricted\n"
	if out, err := try([]byte(namespaceYAML), "apply", "-f", "-"); err != nil {
		t.Fatal(out)
	}
	t.Cleanup(func() { _, _ = try(nil, "delete", "namespace", other, "--wait=false") })
	var out string
	eventually(t, time.Minute, "the API server knows the kinds", func() (err error) {
		if out, err = try([]byte(rendered), "apply", "--dry-run=server", "--validate=strict", "-f", "-"); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	})
	if strings.Contains(out, "Warning") {
		t.Errorf("accepted with a warning:\n%s", out)
	}
	for _, object := range []string{"gateway.gateway.networking.k8s.io/auth", "httproute.gateway.networking.k8s.io/helloworld", "healthcheckpolicy.networking.gke.io/auth-api", "deployment.apps/auth-api", "deployment.apps/helloworld", "horizontalpodautoscaler.autoscaling/auth-api"} {
		if !strings.Contains(out, object) {
			t.Errorf("no %s in:\n%s", object, out)
		}
	}
}

func TestMinikubeOverlayComesUpFromNothing(t *testing.T) {
	began := time.Now()
	if out, err := try(nil, "create", "namespace", "sealed-secrets"); err != nil && !strings.Contains(out, "AlreadyExists") {
		t.Fatal(out)
	}
	apply(t, "sealed-secrets/minikube/key")
	apply(t, "sealed-secrets/controller")
	kubectl(t, "--namespace", "sealed-secrets", "rollout", "status", "deployment/sealed-secrets", "--timeout=2m")
	apply(t, "kustomize/overlays/minikube")
	ready(t)
	t.Logf("ready after %v", time.Since(began).Round(time.Second))
	for _, name := range []string{"auth-db-credentials", "session-db-credentials", "session-db-users", "session-db-token-key", "session-db-verifier"} {
		inAuth(t, "get", "secret", name)
	}
}

func TestSecondApplyChangesNothing(t *testing.T) {
	// Counts the changes of what is wanted. kubectl says "configured" of every
	// StatefulSet with claims, since the API server fills the claims' fields in.
	generations := func() string {
		return inAuth(t, "get", "deployments,statefulsets,services,networkpolicies,ingresses", "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.generation}{\"\\n\"}{end}")
	}
	before := generations()
	out := apply(t, "kustomize/overlays/minikube")
	if after := generations(); after != before {
		t.Errorf("before:\n%safter:\n%s", before, after)
	}
	for line := range strings.Lines(out) {
		// The Job goes when it is done, and comes again.
		if strings.HasPrefix(line, "Warning") || strings.HasSuffix(line, "unchanged\n") || strings.HasPrefix(line, "job.batch/schema ") || strings.HasPrefix(line, "statefulset.apps/") {
			continue
		}
		t.Errorf("changed: %s", line)
	}
	ready(t)
}

func TestTokenLivesFromSignInToSignOut(t *testing.T) {
	_, token := member(t)
	want(t, 200, "GET", "/v1/accounts/me", token, nil)
	want(t, 204, "DELETE", "/v1/sessions/current", token, nil)
	want(t, 401, "GET", "/v1/accounts/me", token, nil)
}

// asPod runs a script of bash in a pod of its own and gives what it prints.
func asPod(t *testing.T, in string, labels map[string]string, script string) string {
	t.Helper()
	name := fmt.Sprintf("e2e-%d", time.Now().UnixNano())
	var set []string
	for k, v := range labels {
		set = append(set, k+"="+v)
	}
	args := []string{"--namespace", in, "run", name, "--image=postgres:17.6", "--restart=Never", "--image-pull-policy=IfNotPresent"}
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

func TestServiceAnswersUnderItsNameInTheCluster(t *testing.T) {
	out := asPod(t, "default", nil, `exec 3<>/dev/tcp/auth-api.auth.svc.cluster.local/80; printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3; cat <&3`)
	if !strings.Contains(out, "200 OK") || !strings.Contains(out, `"status":"ok"`) {
		t.Error(out)
	}
}

func TestPoliciesDenyWhatIsNotNamed(t *testing.T) {
	const script = `sleep 3; for i in 1 2 3; do timeout 3 bash -c 'exec 3<>/dev/tcp/HOST' && echo open && exit; sleep 1; done; echo closed`
	if out := asPod(t, namespace, nil, strings.ReplaceAll(script, "HOST", "auth-db/5432")); !strings.Contains(out, "closed") {
		if os.Getenv("E2E_POLICIES") == "unenforced" {
			t.Skip("SKIPPED: this cluster does not enforce network policies")
		}
		t.Errorf("a pod without a name reaches auth-db (does the cluster enforce policies? E2E_POLICIES=unenforced says it does not): %s", out)
	}
	if out := asPod(t, "default", nil, strings.ReplaceAll(script, "HOST", "session-db.auth.svc.cluster.local/6379")); !strings.Contains(out, "closed") {
		t.Errorf("a pod of another namespace reaches session-db: %s", out)
	}
	if out := asPod(t, "default", map[string]string{"auth.books.test/verifier": "true"}, strings.ReplaceAll(script, "HOST", "session-db.auth.svc.cluster.local/6379")); !strings.Contains(out, "open") {
		t.Errorf("a verifier does not reach session-db: %s", out)
	}
}

// secret reads what the controller opened.
func secret(t *testing.T, name, key string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(inAuth(t, "get", "secret", name, "-o", "jsonpath={.data."+key+"}"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// authDB connects to Postgres through its node port.
func authDB(ctx context.Context, t *testing.T) *pgx.Conn {
	t.Helper()
	u := url.URL{Scheme: "postgres", User: url.UserPassword(secret(t, "auth-db-credentials", "user"), secret(t, "auth-db-credentials", "password")), Host: node() + ":30001", Path: "/auth"}
	c, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func TestStoresAnswerAtTheirNodePorts(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := authDB(ctx, t)
	var accounts int
	if err := c.QueryRow(ctx, "SELECT count(*) FROM accounts").Scan(&accounts); err != nil || accounts == 0 {
		t.Errorf("%d accounts, %v", accounts, err)
	}

	_, token := member(t)
	as := func(user, password string) *redis.Client {
		r := redis.NewClient(&redis.Options{Addr: node() + ":30002", Username: user, Password: password, DisableIdentity: true})
		t.Cleanup(func() { _ = r.Close() })
		return r
	}
	verifier := as("verifier", secret(t, "session-db-verifier", "password"))
	keys, _, err := as("auth-api", secret(t, "session-db-credentials", "password")).Scan(ctx, 0, "session:*", 10).Result()
	if err != nil || len(keys) == 0 {
		t.Fatalf("auth-api sees %v, %v", keys, err)
	}
	if fields, err := verifier.HGetAll(ctx, keys[0]).Result(); err != nil || fields["sid"] == "" {
		t.Errorf("the verifier reads %v, %v", fields, err)
	}
	for name, err := range map[string]error{
		"a verifier deletes":         verifier.Del(ctx, keys[0]).Err(),
		"a verifier writes":          verifier.HSet(ctx, keys[0], "scope", "account").Err(),
		"a verifier reads elsewhere": verifier.Get(ctx, "other").Err(),
		"auth-api flushes":           as("auth-api", secret(t, "session-db-credentials", "password")).FlushAll(ctx).Err(),
		"the probe reads":            as("probe", "probe").HGetAll(ctx, keys[0]).Err(),
		"nobody gets in":             as("", "").Ping(ctx).Err(),
	} {
		if err == nil || !strings.Contains(err.Error(), "NOPERM") && !strings.Contains(err.Error(), "NOAUTH") {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	want(t, 200, "GET", "/v1/accounts/me", token, nil)
}

func TestDataAndSessionsOutliveEveryPod(t *testing.T) {
	email, token := member(t)
	check := func() {
		t.Helper()
		ready(t)
		eventually(t, time.Minute, "the token lives", func() error {
			a, err := send("GET", "/v1/accounts/me", token, nil)
			if err == nil && a.status != 200 {
				err = fmt.Errorf("%d %v", a.status, a.body)
			}
			return err
		})
		began := time.Now()
		canSignIn(t, email)
		t.Logf("sign-in works %v after everything was ready", time.Since(began).Round(100*time.Millisecond))
	}
	for _, name := range []string{"auth-api", "helloworld", "auth-db", "session-db"} {
		inAuth(t, "delete", "pod", "-l", "app.kubernetes.io/name="+name)
		check()
	}
	inAuth(t, "delete", "pod", "--all")
	check()
}

func TestRollingUpdateFailsNoRequest(t *testing.T) {
	_, token := member(t)
	var sent, failed atomic.Int64
	var first sync.Map
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				sent.Add(1)
				if a, err := send("GET", "/v1/accounts/me", token, nil); err != nil || a.status != 200 {
					failed.Add(1)
					first.LoadOrStore("failure", fmt.Sprintf("%d %v %v", a.status, a.body, err))
				}
			}
		})
	}
	inAuth(t, "rollout", "restart", "deployment/auth-api")
	inAuth(t, "rollout", "status", "deployment/auth-api", "--timeout=3m")
	close(stop)
	all.Wait()
	t.Logf("%d requests, %d failed", sent.Load(), failed.Load())
	if failure, found := first.Load("failure"); found || sent.Load() < 100 {
		t.Errorf("%d of %d failed, such as: %v", failed.Load(), sent.Load(), failure)
	}
}

func TestChangedSettingRollsThePods(t *testing.T) {
	pod := func() string {
		return inAuth(t, "get", "pod", "-l", "app.kubernetes.io/name=auth-api", "--field-selector=status.phase=Running", "-o", "jsonpath={.items[*].metadata.name}")
	}
	before := pod()
	applyWith(t, "configMapGenerator:\n  - name: auth-api\n    behavior: merge\n    literals: [AUTH_API_LOG_LEVEL=debug]\n")
	ready(t)
	eventually(t, time.Minute, "another pod serves", func() error {
		if after := pod(); after == before || strings.Contains(after, before) {
			return fmt.Errorf("still %s", after)
		}
		return nil
	})
}

// applyWith applies the overlay with something added, and without it in the end.
func applyWith(t *testing.T, added string) {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Join(root, "kustomize", "overlays"), "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = os.RemoveAll(dir)
		apply(t, "kustomize/overlays/minikube")
		ready(t)
	})
	kustomization := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: auth\nresources: [../minikube]\n" + added
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(kustomization), 0o600); err != nil {
		t.Fatal(err)
	}
	apply(t, filepath.Join("kustomize/overlays", filepath.Base(dir)))
}

// What docs/storage.md says to do after a claim was deleted.
func TestDeletedClaimComesBackWithItsData(t *testing.T) {
	email, token := member(t)
	inAuth(t, "scale", "statefulset/auth-db", "--replicas=0")
	inAuth(t, "wait", "--for=delete", "pod/auth-db-0", "--timeout=2m")
	want(t, 200, "GET", "/v1/accounts/me", token, nil) // verification goes on without Postgres
	inAuth(t, "delete", "pvc", "data-auth-db-0")
	eventually(t, time.Minute, "the volume is released", func() error {
		if phase := kubectl(t, "get", "pv", "auth-db", "-o", "jsonpath={.status.phase}"); phase != "Released" {
			return fmt.Errorf("it is %s", phase)
		}
		return nil
	})
	wantLine(t, doctor(t), "the volume auth-db is Released", "kubectl patch pv auth-db")
	kubectl(t, "patch", "pv", "auth-db", "--type=json", `-p=[{"op":"remove","path":"/spec/claimRef/uid"},{"op":"remove","path":"/spec/claimRef/resourceVersion"}]`)
	inAuth(t, "scale", "statefulset/auth-db", "--replicas=1")
	ready(t)
	canSignIn(t, email)
}

// canSignIn waits for it: the name of a store may lead to its former address for
// some seconds.
func canSignIn(t *testing.T, email string) {
	t.Helper()
	eventually(t, time.Minute, "sign-in works", func() error {
		a, err := send("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
		if err == nil && a.status != 201 {
			err = fmt.Errorf("%d %v", a.status, a.body)
		}
		return err
	})
}
