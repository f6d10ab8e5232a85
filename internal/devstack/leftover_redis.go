package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisPid is where our Redis writes its process id, in its data directory.
const redisPid = "redis.pid"

// endLeftoverRedis ends a Redis that still runs on the directory because the process that
// started it was killed: two on the same append-only file would corrupt it. The caller holds
// the folder's lock.
func endLeftoverRedis(ctx context.Context, dir, secret string) error {
	b, err := os.ReadFile(filepath.Join(dir, redisPid))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", redisPid, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid <= 1 {
		return nil
	}
	for end := time.Now().Add(stopWait); ; time.Sleep(20 * time.Millisecond) {
		// The title of a Redis process ends with its address. After a restart of the machine
		// the number may belong to another program.
		title := regexp.MustCompile(`(?:redis|valkey)-server.* (127\.0\.0\.1:\d+)`).FindStringSubmatch(commandLine(pid))
		if title == nil {
			return nil
		}
		address := title[1]
		answers, ours := identify(ctx, address, secret, pid)
		if ours {
			return endProcess(pid, "Redis", syscall.SIGTERM)
		}
		if answers {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("process %d may be the Redis that an earlier run left behind, and does not answer at %s: end it", pid, address)
		}
	}
}

// identify reports whether a Redis answers at the address, and whether it is that process
// and accepts our password.
func identify(ctx context.Context, address, secret string, pid int) (answers, ours bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	client := redis.NewClient(&redis.Options{Addr: address, Password: secret, MaxRetries: -1, DisableIdentity: true})
	defer client.Close()
	info, err := client.Info(ctx, "server").Result()
	var refusal redis.Error
	if err != nil {
		return errors.As(err, &refusal), false
	}
	return true, infoField(info, "process_id") == strconv.Itoa(pid)
}
