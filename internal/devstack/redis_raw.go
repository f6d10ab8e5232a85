package devstack

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// RunRedis starts a Redis with the given configuration, for clusters and Sentinel (args:
// "--sentinel"). It does not wait until it answers. Error: ErrNoSource.
func RunRedis(dir, config string, args ...string) (*Process, error) {
	path, found := findRedis()
	if !found {
		return nil, fmt.Errorf("find redis-server: %w", ErrNoSource)
	}
	// It is a file because Sentinel and Cluster store their state in it.
	file := filepath.Join(dir, "redis.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration of Redis: %w", err)
	}
	return start(path, append([]string{file}, args...), nil, io.Discard, attributes(syscall.SIGTERM, nil), dir)
}
