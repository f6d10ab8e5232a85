package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const (
	// memoryBar is for what a process has for itself, in MiB.
	memoryBar = 12.0
	settle    = 5 * time.Second
)

// measureMemory looks at a process that has just begun to serve, and again when
// it has come to rest after a burst of sign-ins and after one of verification.
func measureMemory(ctx context.Context, st *stack, s settings, t *table) error {
	return st.serving(ctx, func(api *program) error {
		if err := api.weigh(ctx, t, "memory, idle after the start"); err != nil {
			return err
		}
		if _, err := signIns(api).during(ctx, s.duration); err != nil {
			return err
		}
		if err := api.weigh(ctx, t, "memory, idle again after a burst of sign-ins"); err != nil {
			return err
		}
		token, err := api.signIn(ctx)
		if err != nil {
			return err
		}
		if _, err := verification(api, token).during(ctx, s.duration); err != nil {
			return err
		}
		return api.weigh(ctx, t, "memory, idle again after a burst of `accounts/me`")
	})
}

// weigh waits until the process is at rest, then adds a row.
func (p *program) weigh(ctx context.Context, t *table, what string) error {
	if err := pause(ctx, settle); err != nil {
		return err
	}
	m, err := memoryOf(ctx, p.cmd.Process.Pid)
	if err != nil {
		return fmt.Errorf("read the memory of auth-api: %w", err)
	}
	t.judge(what, m.String(), fmt.Sprintf("its own under %.0f MiB", memoryBar), m.held() < memoryBar)
	return nil
}

// memory of a process in MiB. What is resident includes pages of the program's
// file, which the kernel can drop and shares among replicas on one node.
type memory struct{ resident, own, file float64 }

// held is what is compared with the bar: all that is resident where the system does not
// tell the two apart.
func (m memory) held() float64 {
	if m.own == 0 {
		return m.resident
	}
	return m.own
}

func (m memory) String() string {
	if m.own == 0 {
		return fmt.Sprintf("%.1f MiB", m.resident)
	}
	return fmt.Sprintf("%.1f MiB, of which %.1f MiB its own and %.1f MiB the program's file", m.resident, m.own, m.file)
}

func memoryOf(ctx context.Context, pid int) (memory, error) {
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
		return parseStatus(string(status))
	}
	out, err := exec.CommandContext(ctx, "ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return memory{}, fmt.Errorf("ask ps: %w", err)
	}
	kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return memory{resident: kib / 1024}, err
}

// parseStatus reads /proc/PID/status (proc_pid_status(5)).
func parseStatus(status string) (m memory, err error) {
	for name, to := range map[string]*float64{"VmRSS": &m.resident, "RssAnon": &m.own, "RssFile": &m.file} {
		kib, err := strconv.ParseFloat(strings.TrimSuffix(field(status, name), " kB"), 64)
		if err != nil {
			return memory{}, fmt.Errorf("%s: %w", name, err)
		}
		*to = kib / 1024
	}
	return m, nil
}
