package devstack

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// RunRedis starts a Redis with a configuration of the caller's own, for what
// takes several of them: a cluster, or Sentinel (args: "--sentinel"). It does not
// wait until it answers. Error: ErrNoSource.
func RunRedis(dir, config string, args ...string) (*Process, error) {
	path, found := findRedis()
	if !found {
		return nil, fmt.Errorf("find redis-server: %w", ErrNoSource)
	}
	// A file: Sentinel and Cluster write down there what they learn.
	file := filepath.Join(dir, "redis.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration of Redis: %w", err)
	}
	return start(path, append([]string{file}, args...), nil, io.Discard, attributes(syscall.SIGTERM, nil), dir)
}
