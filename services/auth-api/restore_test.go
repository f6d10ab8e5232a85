package main_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The command is that of the component backup, and runs as the owner.
func TestRestoreOfABackupBringsRowsAndRightsBack(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"pg_dump", "pg_restore", "psql"} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("CI") != "true" {
			t.Skipf("SKIPPED: this test needs %s", program)
		}
	}
	page, err := os.ReadFile("../../kustomize/components/backup/README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"value":("pg_restore .*")}\]'`).FindSubmatch(page)
	if found == nil {
		t.Fatal("the page of the component backup has no command that restores")
	}
	var restore string
	if err := json.Unmarshal(found[1], &restore); err != nil {
		t.Fatal(err)
	}
	superuser, owner, service, users := platformUsers(t)
	sqlOn(t, superuser, users)
	env := settings{"AUTH_DB_URL": owner, "AUTH_DB_SERVICE_ROLE": "auth_service"}
	if out, err := runWith(t, env, "schema", "apply"); err != nil {
		t.Fatalf("schema apply: %v, %s", err, out)
	}
	dir := t.TempDir()
	bash := func(script string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script, owner)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", script, err, out)
		}
	}
	const count = "SELECT 1 / count(*) FROM accounts WHERE name = 'ada'"
	sqlOn(t, owner, "INSERT INTO accounts (id, email, name, password_hash) VALUES (gen_random_uuid(), 'ada@books.test', 'ada', 'x')", count)
	bash("pg_dump --format=custom --file=" + filepath.Join(dir, "auth-1.dump") + ` --dbname="$0"`)
	sqlOn(t, owner, "DELETE FROM accounts")
	bash(strings.NewReplacer("/backup/", dir+"/", "--dbname=auth", `--dbname="$0"`).Replace(restore))
	sqlOn(t, service, count, "SELECT FROM events")
	if out, err := runWith(t, env, "schema", "plan"); err != nil || out != "Nothing to do.\n" {
		t.Errorf("the restored schema differs: %v, %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, ".sql")); err == nil {
		t.Error("the script with everybody's data is left")
	}
}
