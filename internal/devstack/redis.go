package devstack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// StartRedis starts a Redis. The embedded one loses its data at a restart. Errors:
// ErrNoSource, and those of starting it.
func StartRedis(ctx context.Context, o Options) (*Store, error) {
	if o.URL != "" {
		return &Store{URL: o.URL, Source: Given, Note: "Redis at the given URL"}, nil
	}
	if path, found := findRedis(); found && o.allows(Binary) {
		s, err := startRedisBinary(ctx, o, path)
		if err != nil {
			return nil, fmt.Errorf("start Redis from %s: %w", path, err)
		}
		return s, nil
	}
	if o.allows(Embedded) {
		return startRedisEmbedded()
	}
	return nil, fmt.Errorf("find Redis: %w", ErrNoSource)
}

func startRedisBinary(ctx context.Context, o Options, path string) (*Store, error) {
	dir, err := filepath.Abs(filepath.Join(o.Dir, "redis"))
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	secret, err := password(filepath.Join(o.Dir, "redis.password"))
	if err != nil {
		return nil, err
	}
	if err := endLeftoverRedis(ctx, dir, secret); err != nil {
		return nil, err
	}
	port, err := FreePort("127.0.0.1")
	if err != nil {
		return nil, err
	}
	// The configuration is passed by standard input, because every user of the machine can
	// read a password on the command line.
	p, err := start(path, []string{"-"}, strings.NewReader(redisConfig(o, dir, port, secret)), o.log(), attributes(syscall.SIGTERM, nil), dir)
	if err != nil {
		return nil, err
	}
	// The URL names the default user, because redis-cli takes an empty user for a name.
	u := url.URL{Scheme: "redis", User: url.UserPassword("default", secret), Host: fmt.Sprintf("127.0.0.1:%d", port), Path: "/0"}
	s := &Store{URL: u.String(), Source: Binary, Process: p, stop: func() error { return p.Stop(syscall.SIGTERM) }}
	options, err := redis.ParseURL(s.URL)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the URL: %w", err), s.Stop())
	}
	options.MaxRetries = -1
	client := redis.NewClient(options)
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	var info string
	err = until(ctx, p, func(ctx context.Context) (err error) {
		// PING before INFO: while Redis loads its file, only PING fails.
		if err := client.Ping(ctx).Err(); err != nil {
			return err
		}
		info, err = client.Info(ctx, "server").Result()
		return err
	})
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	s.Note = fmt.Sprintf("Redis %s from %s", infoField(info, "redis_version"), path)
	return s, nil
}

func redisConfig(o Options, dir string, port int, secret string) string {
	databases := o.Databases
	if databases == 0 {
		databases = 16
	}
	lines := []string{
		"bind 127.0.0.1", "port " + strconv.Itoa(port), "dir " + strconv.Quote(dir), "requirepass " + secret,
		"databases " + strconv.Itoa(databases), "maxmemory-policy noeviction", `save ""`, "appendonly yes", "daemonize no",
		"pidfile " + strconv.Quote(filepath.Join(dir, redisPid)),
	}
	if o.Scratch {
		lines = append(lines, "appendfsync no")
	}
	return strings.Join(lines, "\n") + "\n"
}

func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), name+":"); found {
			return value
		}
	}
	return "of unknown version"
}

// startRedisEmbedded starts an imitation of Redis written in Go. Its clock advances only by
// FastForward.
func startRedisEmbedded() (*Store, error) {
	const step = 100 * time.Millisecond
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(step)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				server.FastForward(step)
			}
		}
	}()
	return &Store{URL: "redis://" + server.Addr() + "/0", Source: Embedded, Note: "a stand-in for Redis in memory (sign-ins end with this run)",
		stop: func() error {
			close(done)
			server.Close()
			return nil
		}}, nil
}
