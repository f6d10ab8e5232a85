package manifest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/devstack"
	"auth.books.test/internal/manifest"
	"auth.books.test/verify/direct"
)

// TestMain keeps go-redis from logging each attempt to connect.
func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// trio runs the component redis-sentinel without a cluster: the containers' commands with
// their mounted files, each pod at its own address on the loopback interface.
type trio struct {
	t         *testing.T
	pods      []*redisPod
	passwords map[string]string
	sentinel  string
	port      string
}

// redisPod is a pod of session-db.
type redisPod struct {
	addr, dir string
	env       []string
	files     map[string]string
	running   map[string]*process
	// started is closed when the startup probe has succeeded.
	started chan struct{}
}

type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// newTrio makes three pods that have never run. s is the overlay with the component.
func newTrio(t *testing.T, s *manifest.Set) *trio {
	t.Helper()
	for _, tool := range []string{"redis-server", "redis-cli", "timeout", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skipf("SKIPPED, failover was not tried: this test needs %s on PATH", tool)
		}
	}
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &trio{t: t, passwords: map[string]string{"probe": "probe"}}
	var users string
	for _, secret := range secrets {
		switch secret.Name {
		case "session-db-credentials":
			c.passwords["auth-api"] = secret.Data["password"]
		case "session-db-verifier":
			c.passwords["verifier"] = secret.Data["password"]
		case "session-db-users":
			users = secret.Data["users.acl"]
			c.passwords["sentinel"] = secret.Data["password"]
		}
	}
	addrs := loopback(t)
	c.port, c.sentinel = freePort(t, addrs[0]), freePort(t, addrs[0])
	for _, addr := range addrs {
		pod := &redisPod{addr: addr, dir: t.TempDir(), running: map[string]*process{}}
		pod.env = []string{"PATH=" + os.Getenv("PATH"), "POD_NAME=" + addr, "PEERS=" + strings.Join(addrs, " ")}
		c.pods = append(c.pods, pod)
		for _, dir := range []string{"etc", "users", "run", "data"} {
			if err := os.Mkdir(filepath.Join(pod.dir, dir), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		// A container has its own file system and ports.
		own := strings.NewReplacer("/etc/redis-users", pod.dir+"/users", "/etc/redis", pod.dir+"/etc", "/run/redis", pod.dir+"/run", "/data", pod.dir+"/data",
			"26379", c.sentinel, "6379", c.port)
		pod.files = configOf(s, "session-db")
		pod.files["replication.conf"] += "\nbind " + addr + "\nport 6379\n"
		pod.files["sentinel.conf"] += "\nbind " + addr + "\n"
		for name, text := range pod.files {
			pod.files[name] = own.Replace(text)
		}
		c.write(filepath.Join(pod.dir, "users/users.acl"), users)
		c.write(filepath.Join(pod.dir, "users/password"), c.passwords["sentinel"])
	}
	t.Cleanup(func() {
		for _, pod := range c.pods {
			for name := range pod.running {
				pod.end(name, syscall.SIGKILL)
			}
			if t.Failed() {
				for _, name := range []string{"redis", "sentinel"} {
					log, _ := os.ReadFile(filepath.Join(pod.dir, name+".log"))
					t.Logf("%s of %s:\n%s", name, pod.addr, log)
				}
			}
		}
	})
	return c
}

// up starts all pods.
func (c *trio) up() *trio {
	c.t.Helper()
	for _, pod := range c.pods {
		c.start(pod)
	}
	return c
}

// loopback returns three addresses of the loopback interface.
func loopback(t *testing.T) (addrs []string) {
	t.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(60_000))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		addrs = append(addrs, fmt.Sprintf("127.%d.%d.%d", 1+n.Int64()/250, 1+n.Int64()%250, i+1))
	}
	l, err := net.Listen("tcp", net.JoinHostPort(addrs[0], "0"))
	if err != nil {
		t.Skipf("SKIPPED, failover was not tried: the loopback interface has one address only: %v", err)
	}
	_ = l.Close()
	return addrs
}

func freePort(t *testing.T, addr string) string {
	t.Helper()
	port, err := devstack.FreePort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

func (c *trio) write(file, text string) {
	c.t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// start runs the pod's two containers. As with a ConfigMap, files are as in the manifest
// again, whatever Redis has written into them.
func (c *trio) start(pod *redisPod) {
	c.t.Helper()
	for name, text := range pod.files {
		c.write(filepath.Join(pod.dir, "etc", name), text)
	}
	for _, name := range []string{"redis", "sentinel"} {
		log, err := os.OpenFile(filepath.Join(pod.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			c.t.Fatal(err)
		}
		p := &process{cmd: pod.script("start-" + name + ".sh"), ended: make(chan struct{})}
		p.cmd.Stdout, p.cmd.Stderr = log, log
		if err := p.cmd.Start(); err != nil {
			c.t.Fatal(err)
		}
		go func() {
			defer close(p.ended)
			defer log.Close()
			_ = p.cmd.Wait()
		}()
		pod.running[name] = p
	}
	pod.started = make(chan struct{})
	go pod.probe(pod.running["redis"].ended, pod.started)
}

// probe runs the startup probe as kubelet does, until it succeeds or Redis has ended.
func (p *redisPod) probe(ended, started chan struct{}) {
	for p.script("started.sh").Run() != nil {
		select {
		case <-ended:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
	close(started)
}

func (p *redisPod) script(name string) *exec.Cmd {
	cmd := exec.Command("sh", filepath.Join(p.dir, "etc", name))
	cmd.Env = p.env
	return cmd
}

// end stops a container and waits for it.
func (p *redisPod) end(name string, signal syscall.Signal) {
	if running := p.running[name]; running != nil {
		_ = running.cmd.Process.Signal(signal)
		<-running.ended
	}
	delete(p.running, name)
}

// kill ends the pod as the loss of its node would; its volumes in memory are lost.
func (c *trio) kill(pod *redisPod) {
	c.t.Helper()
	for _, name := range []string{"redis", "sentinel"} {
		pod.end(name, syscall.SIGKILL)
	}
	if err := os.RemoveAll(filepath.Join(pod.dir, "run")); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(pod.dir, "run"), 0o700); err != nil {
		c.t.Fatal(err)
	}
}

// as connects as a user through the sentinels, as the programs do.
func (c *trio) as(user string) redis.UniversalClient {
	c.t.Helper()
	var sentinels []string
	for _, pod := range c.pods {
		sentinels = append(sentinels, net.JoinHostPort(pod.addr, c.sentinel))
	}
	client, err := direct.Open("redis+sentinel://" + user + ":" + c.passwords[user] + "@" + strings.Join(sentinels, ",") + "/session-db")
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = client.Close() })
	return client
}

// at connects to one Redis or sentinel.
func (c *trio) at(addr, port, user string) *redis.Client {
	client := redis.NewClient(&redis.Options{
		Addr: net.JoinHostPort(addr, port), Username: user, Password: c.passwords[user], DisableIdentity: true,
		MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: time.Second,
	})
	c.t.Cleanup(func() { _ = client.Close() })
	return client
}

// master is the pod that a majority of the sentinels reports as master.
func (c *trio) master() *redisPod {
	c.t.Helper()
	var found *redisPod
	c.until("two sentinels agree on a master", func(ctx context.Context) error {
		says := map[string]int{}
		for _, pod := range c.pods {
			answer, err := c.at(pod.addr, c.sentinel, "").Do(ctx, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "session-db").StringSlice()
			if err == nil && len(answer) == 2 {
				says[answer[0]]++
			}
		}
		for _, pod := range c.pods {
			if says[pod.addr] > 1 {
				found = pod
				return nil
			}
		}
		return fmt.Errorf("they say %v", says)
	})
	return found
}

// settle waits until the pods have started and the sentinels know each other. Before that
// there is no majority.
func (c *trio) settle() {
	c.t.Helper()
	for _, pod := range c.pods {
		c.until(pod.addr+" has started", func(context.Context) error {
			select {
			case <-pod.started:
				return nil
			default:
				return errors.New("the probe says no")
			}
		})
		c.until("three sentinels know each other", func(ctx context.Context) error {
			others, err := c.at(pod.addr, c.sentinel, "").Do(ctx, "SENTINEL", "SENTINELS", "session-db").Slice()
			if err != nil || len(others) != 2 {
				return fmt.Errorf("%s knows %d: %v", pod.addr, len(others), err)
			}
			replicas, err := c.at(pod.addr, c.sentinel, "").Do(ctx, "SENTINEL", "REPLICAS", "session-db").Slice()
			if err != nil || strings.Count(fmt.Sprint(replicas), "slave-priority:100") != 2 && strings.Count(fmt.Sprint(replicas), "slave-priority 100") != 2 {
				return fmt.Errorf("%s has not heard that two replicas are good: %v, %v", pod.addr, replicas, err)
			}
			return nil
		})
	}
}

// flushed waits until a Redis has written everything to the disk. That may take two seconds,
// and the test may kill Redis before.
func (c *trio) flushed(pod *redisPod) func(context.Context) error {
	return func(ctx context.Context) error {
		info, err := c.at(pod.addr, c.port, "sentinel").Info(ctx, "persistence").Result()
		for _, done := range []string{"aof_buffer_length:0", "aof_pending_bio_fsync:0", "aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0"} {
			if err == nil && !strings.Contains(info, done+"\r\n") {
				err = fmt.Errorf("%s: not %s", pod.addr, done)
			}
		}
		return err
	}
}

// becomes waits until a pod's Redis is "master" or "replica".
func (c *trio) becomes(pod *redisPod, role string) {
	c.t.Helper()
	c.until(pod.addr+" becomes "+role, func(ctx context.Context) error {
		answer, err := c.at(pod.addr, c.port, "auth-api").Do(ctx, "HELLO", "2").Slice()
		if err != nil {
			return err
		}
		for i := 0; i+1 < len(answer); i += 2 {
			if answer[i] == "role" {
				if fmt.Sprint(answer[i+1]) != role {
					return fmt.Errorf("it is %v", answer[i+1])
				}
				return nil
			}
		}
		return fmt.Errorf("no role in %v", answer)
	})
}

// until polls, and returns how long it took.
func (c *trio) until(what string, try func(context.Context) error) time.Duration {
	c.t.Helper()
	begun := time.Now()
	for {
		ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
		err := try(ctx)
		cancel()
		if err == nil {
			return time.Since(begun)
		}
		if time.Since(begun) > time.Minute {
			c.t.Fatalf("%s: not within a minute: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
