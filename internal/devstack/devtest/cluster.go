package devtest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack"
)

const slots = 16384

// Cluster is a Redis Cluster of masters, each of which a test may kill.
type Cluster struct {
	// URL has all nodes.
	URL   string
	Nodes []*ClusterNode
}

// ClusterNode is one master.
type ClusterNode struct {
	Addr    string
	bus     int
	process *devstack.Process
}

// RedisCluster starts a cluster. Its slots are distributed among the masters; spare ones have
// no slots.
func RedisCluster(t testing.TB, masters, spare int) *Cluster {
	t.Helper()
	c := &Cluster{}
	var hosts []string
	for range masters + spare {
		n := runRedis(t, "cluster-enabled yes\ncluster-node-timeout 2000\ncluster-require-full-coverage no\n")
		c.Nodes = append(c.Nodes, n)
		hosts = append(hosts, n.Addr)
	}
	c.URL = "redis+cluster://" + strings.Join(hosts, ",")
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	for i, n := range c.Nodes {
		admin := n.Client(t)
		must(t, admin.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err())
		host, port, _ := net.SplitHostPort(c.Nodes[0].Addr)
		if i > 0 {
			must(t, admin.Do(ctx, "CLUSTER", "MEET", host, port, c.Nodes[0].bus).Err())
		}
		if i < masters {
			must(t, admin.ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err())
		}
	}
	for _, n := range c.Nodes {
		admin := n.Client(t)
		Eventually(t, "the cluster's nodes know each other", func() bool {
			info, err := admin.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", masters+spare)) &&
				strings.Contains(info, fmt.Sprintf("cluster_slots_assigned:%d", slots))
		})
	}
	return c
}

// Client returns a client for this node only.
func (n *ClusterNode) Client(t testing.TB) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: n.Addr, DisableIdentity: true})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Kill kills the node, like a crash.
func (n *ClusterNode) Kill() { n.process.Kill() }

// RedisWith starts a Redis with additional lines of configuration, for example users. It ends
// with the test.
func RedisWith(t testing.TB, config string) *ClusterNode { return runRedis(t, config) }

// runRedis starts a Redis on loopback that ends with the test.
func runRedis(t testing.TB, config string, args ...string) *ClusterNode {
	t.Helper()
	// Cluster wants a second port; the usual one, 10000 higher, may not exist.
	ports := freePorts(t, 2)
	dir := t.TempDir()
	config += fmt.Sprintf("bind 127.0.0.1\nport %d\ndir %q\ndaemonize no\n", ports[0], dir)
	if strings.Contains(config, "cluster-enabled") {
		config += fmt.Sprintf("cluster-port %d\n", ports[1])
	}
	p, err := devstack.RunRedis(dir, config, args...)
	need(t, err)
	t.Cleanup(func() { _ = p.Stop(syscall.SIGTERM) })
	n := &ClusterNode{Addr: fmt.Sprintf("127.0.0.1:%d", ports[0]), bus: ports[1], process: p}
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	c := n.Client(t)
	Eventually(t, "a Redis answers", func() bool {
		err := c.Ping(ctx).Err()
		return err == nil || redis.IsAuthError(err)
	})
	return n
}

func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		port, err := devstack.FreePort("127.0.0.1")
		must(t, err)
		ports = append(ports, port)
	}
	return ports
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
