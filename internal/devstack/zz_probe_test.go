package devstack_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack"
)

func TestProbeOrphan(t *testing.T) {
	dir := t.TempDir()
	s := start(t, devstack.StartPostgres, devstack.Options{Dir: dir})
	c, err := pgx.Connect(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	pid := int(c.PgConn().PID())
	go func() { _, _ = c.Exec(context.Background(), "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$") }()
	eventually(t, "busy", func() bool {
		return query(t, s.URL, "SELECT count(*)::text FROM pg_stat_activity WHERE pid="+strconv.Itoa(pid)+" AND state='active'") == "1"
	})
	st, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	t.Log("backend pgrp field:", strings.Fields(string(st))[4], "postmaster", s.Process.Pid())
	s.Process.Kill()
	defer syscall.Kill(pid, syscall.SIGKILL)
	t.Log("orphan lives:", alive(pid))
	again, err := devstack.StartPostgres(t.Context(), devstack.Options{Dir: dir, Sources: []devstack.Source{devstack.Binary}})
	t.Log("second start beside the orphan:", err, "orphan lives:", alive(pid))
	if again != nil {
		again.Stop()
	}
}

func TestProbeRedisTwice(t *testing.T) {
	dir := t.TempDir()
	a := start(t, devstack.StartRedis, devstack.Options{Dir: dir})
	b := start(t, devstack.StartRedis, devstack.Options{Dir: dir})
	t.Log("both alive:", alive(a.Process.Pid()), alive(b.Process.Pid()))
	_ = filepath.Join
}
