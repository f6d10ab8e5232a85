package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

const starts = 20

// measureStart starts auth-api again and again, with its stores up and the
// schema applied, until /readyz answers 200.
func measureStart(ctx context.Context, st *stack, _ settings, t *table) error {
	var times []time.Duration
	for range starts {
		p, err := st.startAPI(ctx)
		if err != nil {
			return err
		}
		times = append(times, p.ready)
		p.stop()
	}
	slices.Sort(times)
	t.add("start to ready", fmt.Sprintf("%s, the worst of %d %s", milli(percentile(times, 50)), starts, milli(times[len(times)-1])), "under 300 ms")
	info, err := os.Stat(st.binary)
	if err != nil {
		return err
	}
	t.add("the binary", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "under 25 MB as an image")
	return nil
}

// measureIdle looks at the memory of a process that has just begun to serve.
func measureIdle(ctx context.Context, st *stack, _ settings, t *table) error {
	if err := st.serve(ctx); err != nil {
		return err
	}
	text, err := st.memory(ctx)
	if err != nil {
		return err
	}
	t.add("memory, idle", text, "under 30 MiB")
	return nil
}

// measureSettled looks again when the load is over.
func measureSettled(ctx context.Context, st *stack, _ settings, t *table) error {
	text, err := st.memory(ctx)
	if err != nil {
		return err
	}
	t.add("memory, idle again after the load", text, "")
	return nil
}

// memory waits until the process is at rest. What the kernel counts as resident
// includes the pages of the program's file.
func (st *stack) memory(ctx context.Context) (string, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(5 * time.Second):
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", st.api.cmd.Process.Pid))
	if err != nil {
		out, err := exec.CommandContext(ctx, "ps", "-o", "rss=", "-p", strconv.Itoa(st.api.cmd.Process.Pid)).Output()
		if err != nil {
			return "", fmt.Errorf("read the memory of auth-api: %w", err)
		}
		kib, err := strconv.Atoi(strings.TrimSpace(string(out)))
		return fmt.Sprintf("%.1f MiB", float64(kib)/1024), err
	}
	field := func(name string) float64 {
		_, after, _ := strings.Cut(string(status), "\n"+name+":")
		line, _, _ := strings.Cut(after, "\n")
		kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 64)
		return kib / 1024
	}
	return fmt.Sprintf("%.1f MiB, of which %.1f MiB its own and %.1f MiB the program's file", field("VmRSS"), field("RssAnon"), field("RssFile")), nil
}

// measureBytes asks Redis what the record of a token costs it.
func measureBytes(ctx context.Context, st *stack, _ settings, t *table) error {
	if err := st.serve(ctx); err != nil {
		return err
	}
	if err := st.grant(ctx); err != nil {
		return err
	}
	client, err := st.redisClient()
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.FlushDB(ctx).Err(); err != nil {
		return err
	}
	answer, err := st.post(ctx, "/v1/sessions", 201, map[string]string{"email": email, "password": password})
	if err != nil {
		return err
	}
	st.token, _ = answer["access_token"].(string)
	key, err := st.recordKey(ctx, client)
	if err != nil {
		return err
	}
	size, err := client.MemoryUsage(ctx, key).Result()
	if err != nil {
		return err
	}
	t.add("a token in Redis (two APIs, four scopes)", fmt.Sprintf("%d bytes", size), "under 300 bytes")
	return nil
}
