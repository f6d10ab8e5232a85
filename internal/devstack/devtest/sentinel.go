package devtest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// Sentinel is a master, its replica and three sentinels that monitor both.
type Sentinel struct {
	// URL names the sentinels, which know the current master.
	URL             string
	Master, Replica *ClusterNode
}

// RedisSentinel starts them.
func RedisSentinel(t testing.TB) *Sentinel {
	t.Helper()
	s := &Sentinel{Master: runRedis(t, "repl-diskless-sync-delay 0\n")}
	host, port, _ := net.SplitHostPort(s.Master.Addr)
	s.Replica = runRedis(t, fmt.Sprintf("replicaof %s %s\nrepl-diskless-sync-delay 0\n", host, port))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	replica := s.Replica.Client(t)
	Eventually(t, "the replica follows its master", func() bool {
		info, err := replica.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	var hosts []string
	for range 3 {
		n := runRedis(t, fmt.Sprintf("sentinel monitor main %s %s 2\nsentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 5000\n", host, port), "--sentinel")
		hosts = append(hosts, n.Addr)
		c := n.Client(t)
		Eventually(t, "a sentinel knows the replica", func() bool {
			info, err := c.Info(ctx, "sentinel").Result()
			return err == nil && strings.Contains(info, "slaves=1")
		})
	}
	first := (&ClusterNode{Addr: hosts[0]}).Client(t)
	Eventually(t, "the sentinels know each other", func() bool {
		info, err := first.Info(ctx, "sentinel").Result()
		return err == nil && strings.Contains(info, "sentinels=3")
	})
	s.URL = "redis+sentinel://" + strings.Join(hosts, ",") + "/main"
	return s
}
