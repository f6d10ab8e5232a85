package manifest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
)

func TestTokensOutliveTheMasterAndARestartOfEverything(t *testing.T) {
	s := withComponent(t, "gke", "redis-sentinel")
	t.Parallel()
	c, ring := newTrio(t, s).up(), newRing(t)
	api, verifier := c.as("auth-api"), newVerifier(t, c.as("verifier"), ring)
	before, after := mint(t, ring), mint(t, ring)

	t.Logf("from nothing to the first write: %v", c.until("a write at the start", func(ctx context.Context) error { return before.put(ctx, api) }))
	verified := func(i issued) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := verifier.Verify(ctx, i.text)
			return err
		}
	}
	c.until("the token is verified", verified(before))
	for _, pod := range c.pods {
		c.until("the record is on every pod", func(ctx context.Context) error {
			fields, err := c.at(pod.addr, c.port, "verifier").Get(ctx, before.hash.Key()).Result()
			if err == nil && len(fields) == 0 {
				err = fmt.Errorf("not yet at %s", pod.addr)
			}
			return err
		})
	}
	c.settle()
	first := c.master()
	if first != c.pods[0] {
		t.Errorf("the first master is %s, not the first pod", first.addr)
	}

	c.kill(first)
	t.Logf("from the master's death to the next write: %v", c.until("a write after the failover", func(ctx context.Context) error { return after.put(ctx, api) }))
	c.until("the token of before is verified", verified(before))
	c.until("the token of after is verified", verified(after))
	second := c.master()
	if second == first {
		t.Fatal("the dead pod is the master")
	}

	// When it is back it is a replica, and has the writes that it missed.
	c.start(first)
	c.becomes(first, "replica")
	c.until("what it missed", func(ctx context.Context) error {
		fields, err := c.at(first.addr, c.port, "verifier").Get(ctx, after.hash.Key()).Result()
		if err == nil && len(fields) == 0 {
			err = fmt.Errorf("not yet")
		}
		return err
	})

	for _, pod := range c.pods {
		c.until("what is written is in the file", c.flushed(pod))
	}
	// All pods restart at once: the previous master is master again, and not the first pod.
	for _, pod := range c.pods {
		c.kill(pod)
	}
	for _, pod := range c.pods {
		c.start(pod)
	}
	t.Logf("from a restart of everything to the next write: %v", c.until("a write after it", func(ctx context.Context) error { return before.put(ctx, api) }))
	c.until("the token of after is verified", verified(after))
	if third := c.master(); third == c.pods[0] {
		t.Error("the first pod is the master again: it may have been the oldest")
	}
}

// A rollout and a drain stop the master in this way, while sign-ins go on.
func TestStoppedMasterHandsOverWithEveryAcknowledgedWrite(t *testing.T) {
	s := withComponent(t, "gke", "redis-sentinel")
	t.Parallel()
	c, ring := newTrio(t, s).up(), newRing(t)
	api := c.as("auth-api")
	c.until("a write at the start", func(ctx context.Context) error { return mint(t, ring).put(ctx, api) })
	first := c.master()
	c.settle()
	signIns := c.signIns(api, ring)
	c.until("sign-ins go on", signIns.reach(100))
	// As kubelet does: the sentinel is stopped at once, Redis after its hook.
	if err := first.running["sentinel"].cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if out, err := first.script("hand-over.sh").CombinedOutput(); err != nil {
		t.Errorf("hand over: %v\n%s", err, out)
	}
	took := time.Since(begun)
	first.end("redis", syscall.SIGTERM)
	t.Logf("stopped %v after it began to hand over", time.Since(begun))
	first.end("sentinel", syscall.SIGTERM)
	second := c.master()
	if second == first {
		t.Fatal("nobody took over")
	}
	c.until("sign-ins go on at the new master", signIns.reach(100))
	acknowledged, longest := signIns.stop()
	t.Logf("handed over in %v; the longest time without a sign-in was %v, of %d", took, longest, len(acknowledged))
	// Without the hook, the sentinels would take this long to notice that the master is gone.
	if longest > 10*time.Second {
		t.Errorf("nobody could sign in for %v", longest)
	}
	reader := c.at(second.addr, c.port, "verifier")
	for _, i := range acknowledged {
		if fields, err := reader.Get(t.Context(), i.hash.Key()).Result(); err != nil || len(fields) == 0 {
			t.Fatalf("an acknowledged write is lost: %v", err)
		}
	}
}

// The disk of the first pod is attached late, after new pods have started. The pod with the
// tokens must not become a replica of an empty one.
func TestEmptyReplicaIsNotMadeMaster(t *testing.T) {
	s := withComponent(t, "gke", "redis-sentinel")
	t.Parallel()
	c, ring := newTrio(t, s), newRing(t)
	before := mint(t, ring)
	// As it is without the component.
	c.start(c.pods[0])
	c.until("Redis answers", func(ctx context.Context) error { return c.at(c.pods[0].addr, c.port, "auth-api").Ping(ctx).Err() })
	alone := c.at(c.pods[0].addr, c.port, "sentinel")
	if err := alone.ConfigSet(t.Context(), "min-replicas-to-write", "0").Err(); err != nil {
		t.Fatal(err)
	}
	if err := before.put(t.Context(), c.at(c.pods[0].addr, c.port, "auth-api")); err != nil {
		t.Fatal(err)
	}
	c.until("what is written is in the file", c.flushed(c.pods[0]))
	c.kill(c.pods[0])
	if err := os.RemoveAll(filepath.Join(c.pods[0].dir, "data", "sentinel.conf")); err != nil {
		t.Fatal(err)
	}

	c.start(c.pods[1])
	c.start(c.pods[2])
	c.until("both sentinels miss the master", func(ctx context.Context) error {
		for _, pod := range c.pods[1:] {
			log, err := os.ReadFile(filepath.Join(pod.dir, "sentinel.log"))
			if err != nil || !strings.Contains(string(log), "+sdown master") {
				return fmt.Errorf("%s does not: %w", pod.addr, err)
			}
		}
		return nil
	})
	c.until("no replica is good enough", func(ctx context.Context) error {
		for _, pod := range c.pods[1:] {
			if log, _ := os.ReadFile(filepath.Join(pod.dir, "sentinel.log")); strings.Contains(string(log), "-failover-abort-no-good-slave") {
				return nil
			}
		}
		return errors.New("it was not tried")
	})
	c.start(c.pods[0])
	c.settle()
	if master := c.master(); master != c.pods[0] {
		t.Errorf("the master is %s", master.addr)
	}
	for _, pod := range c.pods {
		if fields, err := c.at(pod.addr, c.port, "verifier").Get(t.Context(), before.hash.Key()).Result(); err != nil || len(fields) == 0 {
			t.Errorf("%s has lost the token: %v", pod.addr, err)
		}
	}
}

func TestMasterThatIsCutOffAcknowledgesNothing(t *testing.T) {
	s := withComponent(t, "gke", "redis-sentinel")
	t.Parallel()
	c, ring := newTrio(t, s).up(), newRing(t)
	api := c.as("auth-api")
	c.until("a write at the start", func(ctx context.Context) error { return mint(t, ring).put(ctx, api) })
	master := c.master()
	direct := c.at(master.addr, c.port, "auth-api")
	// The network is cut: no connection is closed, and no packet arrives.
	for _, pod := range c.pods {
		if pod == master {
			continue
		}
		for _, p := range pod.running {
			if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.cmd.Process.Signal(syscall.SIGCONT) })
		}
	}
	took := c.until("it refuses writes", func(ctx context.Context) error {
		if err := mint(t, ring).put(ctx, direct); err == nil || !strings.Contains(err.Error(), "NOREPLICAS") && !strings.Contains(err.Error(), "EXECABORT") {
			return fmt.Errorf("a write was answered with %v", err)
		}
		return nil
	})
	t.Logf("it refuses writes after %v", took)
	if took > 5*time.Second {
		t.Error("by then the sentinels may have chosen another")
	}
	if err := direct.HGetAll(t.Context(), "session:x").Err(); err != nil {
		t.Errorf("it does not read: %v", err)
	}
}

// The user that may ask the sentinels may not change them, and the programs' users may not
// administer Redis.
func TestOnlySentinelsAdministerReplicas(t *testing.T) {
	s := withComponent(t, "gke", "redis-sentinel")
	t.Parallel()
	c := newTrio(t, s).up()
	ring := newRing(t)
	c.until("a write at the start", func(ctx context.Context) error { return mint(t, ring).put(ctx, c.as("auth-api")) })
	pod := c.pods[0]
	anybody := c.at(pod.addr, c.sentinel, "")
	for _, call := range [][]any{
		{"SENTINEL", "FAILOVER", "session-db"}, {"SENTINEL", "SET", "session-db", "quorum", "1"}, {"SENTINEL", "MONITOR", "x", "127.0.0.1", "1", "1"}, {"SENTINEL", "REMOVE", "session-db"},
		{"PUBLISH", "__sentinel__:hello", "127.0.0.1,1,0123456789012345678901234567890123456789,99,session-db,127.0.0.1,1,99"}, {"SHUTDOWN"}, {"ACL", "LIST"}, {"SENTINEL", "MASTER", "session-db"},
	} {
		if err := anybody.Do(t.Context(), call...).Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("anybody may %v: %v", call, err)
		}
	}
	for _, user := range []string{"auth-api", "verifier"} {
		client := c.at(pod.addr, c.port, user)
		for _, call := range [][]any{{"REPLICAOF", "127.0.0.1", "1"}, {"PSYNC", "?", "-1"}, {"CONFIG", "SET", "min-replicas-to-write", "0"}, {"SHUTDOWN"}} {
			if err := client.Do(t.Context(), call...).Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") {
				t.Errorf("%s may %v: %v", user, call, err)
			}
		}
	}
}

// As `platform rotate` says, each pod reads the users' file while it runs. That causes no
// failover, and a failover afterwards still works.
func TestUsersOfTheSentinelsPodsRotateWhileTheyRun(t *testing.T) {
	s := withComponent(t, "gke", "redis-sentinel")
	t.Parallel()
	c, ring := newTrio(t, s).up(), newRing(t)
	c.until("a write at the start", func(ctx context.Context) error { return mint(t, ring).put(ctx, c.as("auth-api")) })
	c.settle()
	master := c.master()
	users := map[string]string{"version": "1", "password": c.passwords["sentinel"]}
	c.passwords["reload"] = c.passwords["sentinel"]
	b, err := os.ReadFile(filepath.Join(master.dir, "users/users.acl"))
	if err != nil {
		t.Fatal(err)
	}
	users["users.acl"] = string(b)
	for _, step := range []credential.Step{credential.Begin, credential.Finish} {
		change, err := credential.Rotate(credential.SessionDB, step, 2, users, nil, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		users = change.Users
		for _, pod := range c.pods {
			c.write(filepath.Join(pod.dir, "users/users.acl"), users["users.acl"])
			if out, err := pod.script("users.sh").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if err := c.at(pod.addr, c.port, "reload").Do(t.Context(), "ACL", "LOAD").Err(); err != nil {
				t.Fatal(err)
			}
		}
		if step == credential.Begin {
			c.until("the old password is good", func(ctx context.Context) error { return mint(t, ring).put(ctx, c.as("auth-api")) })
			c.passwords["auth-api"] = change.Value["password"]
		}
		c.until("the new password is good", func(ctx context.Context) error { return mint(t, ring).put(ctx, c.as("auth-api")) })
	}
	if now := c.master(); now != master {
		t.Errorf("%s is the master, and %s was", now.addr, master.addr)
	}
	c.settle()
	c.kill(master)
	c.until("a write after the master's death", func(ctx context.Context) error { return mint(t, ring).put(ctx, c.as("auth-api")) })
}

// Pods run the scripts of their ConfigMap, and use only addresses that the policies allow.
func TestSentinelPodsRunTheirMountedScripts(t *testing.T) {
	s := withComponent(t, "gke", "redis-sentinel")
	files := configOf(s, "session-db")
	for _, set := range s.StatefulSets {
		if set.Name != "session-db" {
			continue
		}
		if *set.Spec.Replicas != 3 || set.Spec.PodManagementPolicy != "Parallel" {
			t.Error("not three that start at once")
		}
		image := map[string]bool{}
		for _, container := range set.Spec.Template.Spec.Containers {
			image[container.Image] = true
			script, found := strings.CutPrefix(container.Args[1], "/etc/redis/")
			if !found || files[script] == "" {
				t.Errorf("%s runs %v", container.Name, container.Args)
			}
			for _, e := range container.Env {
				if e.Name == "PEERS" && fmt.Sprint(strings.Fields(e.Value)) != "[session-db-0.session-db.$(POD_NAMESPACE).svc session-db-1.session-db.$(POD_NAMESPACE).svc session-db-2.session-db.$(POD_NAMESPACE).svc]" {
					t.Errorf("%s has the peers %s", container.Name, e.Value)
				}
			}
			if hook := container.Lifecycle; container.Name == "redis" && (hook == nil || files[strings.TrimPrefix(hook.PreStop.Exec.Command[1], "/etc/redis/")] == "") {
				t.Error("nothing hands over")
			}
		}
		if len(image) != 1 {
			t.Errorf("two versions: %v", image)
		}
	}
	for _, service := range ownServices() {
		config := configOf(s, service)
		if config["SESSION_DB_SENTINEL_MASTER"] != "session-db" || config["SESSION_DB_PORT"] != "26379" || len(strings.Split(config["SESSION_DB_HOST"], ",")) != 3 {
			t.Errorf("%s: %v", service, config)
		}
	}
	for _, service := range s.Services {
		if service.Name == "session-db" && !service.Spec.PublishNotReadyAddresses {
			t.Error("pods do not find each other before they are ready")
		}
	}
	if ready := each(s, func(w manifest.Workload, c *corev1.Container, _ bool) string {
		if w.Name == "session-db" && c.ReadinessProbe == nil {
			return "has no readiness probe"
		}
		return ""
	}); len(ready) > 0 {
		t.Error(ready)
	}
}
