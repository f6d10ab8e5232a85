package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

const (
	oldPassword = "correct horse battery"
	// htpasswd -nbB -C 4, of oldPassword.
	oldHash = `"password_hash":"$2y$04$Wl/Zpk4RxSoD7pfK6RQHSOYb3znVsp//HsVJ2ZHIvr/Y8rE/i1Sfi","hash_format":"bcrypt"`
)

// accountsFile writes lines of as many accounts and the others.
func accountsFile(t testing.TB, count int, others ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "accounts.jsonl")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	// Not in memory: a program that is started counts the memory of who starts it as its own peak.
	text := bufio.NewWriter(f)
	for n := range count {
		fmt.Fprintf(text, `{"email":"person%d@books.test","email_verified":true,"name":"Person %d",%s}`+"\n", n, n, oldHash)
	}
	_, _ = text.WriteString(strings.Join(others, "\n"))
	if err := errors.Join(text.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func (a *api) one(query string, args ...any) (text string) {
	a.t.Helper()
	if err := a.postgres().QueryRow(a.t.Context(), "SELECT ("+query+")::text", args...).Scan(&text); err != nil {
		a.t.Fatal(err)
	}
	return text
}

func TestImportedPersonSignsInWithTheOldPassword(t *testing.T) {
	t.Parallel()
	a := start(t)
	report := filepath.Join(t.TempDir(), "report.jsonl")
	file := accountsFile(t, 3, `{"email":"PERSON1@books.test"}`, `{"email":"x@books.test","password_hash":"$2x$04$abc","hash_format":"bcrypt"}`)
	said, err := a.run("account", "import", "--dry-run", file)
	if err == nil || !strings.Contains(said, "5 lines: 3 would be added, 0 already there, 2 refused") || a.one("SELECT count(*) FROM accounts") != "0" {
		t.Errorf("a dry run: %v, %s", err, said)
	}
	said, err = a.run("account", "import", "--report", report, file)
	if err == nil || !strings.Contains(said, "5 lines: 3 added, 0 already there, 2 refused") || !strings.Contains(said, "2 lines were refused") {
		t.Errorf("refused lines: %v, %s", err, said)
	}
	var entry struct {
		Line                   int
		Email, Outcome, Reason string
	}
	text, err := os.ReadFile(report)
	if first, _, _ := strings.Cut(string(text), "\n"); err != nil || json.Unmarshal([]byte(first), &entry) != nil || entry.Line != 4 || entry.Email != "PERSON1@books.test" || entry.Outcome != "refused" || entry.Reason != "twin" {
		t.Errorf("the report: %v, %s", err, text)
	}
	const hash = "SELECT password_hash FROM accounts WHERE email = 'person1@books.test'"
	if got := a.one(hash); !strings.HasPrefix(got, "imported:bcrypt:$2y$") {
		t.Errorf("stored: %s", got)
	}
	a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": "person1@books.test", "password": "another"}), 401, "invalid_credentials")
	token, _ := a.signIn("person1@books.test", oldPassword)
	if got := a.one(hash); !strings.HasPrefix(got, "$argon2id$v=19$") {
		t.Errorf("stored after the first sign-in: %s", got)
	}
	if me := a.me(token); me.body["email_verified"] != true || me.text("name") != "Person 1" {
		t.Errorf("%s", me.raw)
	}
	a.signIn("person1@books.test", oldPassword)
	// Whoever runs it again from standard input gets no error.
	said, err = servicetest.CommandWithInput(t, servicetest.AuthAPI, a.env, `{"email":"person0@books.test",`+oldHash+"}\n", "account", "import")
	if err != nil || !strings.Contains(said, "1 lines: 0 added, 1 already there, 0 refused") || !strings.Contains(said, `"outcome":"already_there"`) {
		t.Errorf("again: %v, %s", err, said)
	}
	if said, err := a.run("account", "import", "--report", report, file); err == nil || !strings.Contains(said, "make the report") {
		t.Errorf("a report was written over: %v, %s", err, said)
	}
}

func TestKilledImportGoesOn(t *testing.T) {
	t.Parallel()
	const count = 8000
	a := start(t)
	file := accountsFile(t, count)
	cmd := exec.CommandContext(t.Context(), servicetest.Build(t, servicetest.AuthAPI), "account", "import", file)
	cmd.Env = a.env.List()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "some accounts are stored", func() bool { return a.one("SELECT count(*) FROM accounts") != "0" })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the import was done before it was killed: nothing is tested")
	}
	t.Logf("%s of %d accounts when it was killed", a.one("SELECT count(*) FROM accounts"), count)
	if said, err := a.run("account", "import", file); err != nil {
		t.Fatalf("%v: %.300s", err, said[max(0, len(said)-300):])
	}
	if got := a.one("SELECT count(*) || ' ' || count(DISTINCT email) FROM accounts"); got != fmt.Sprint(count, " ", count) {
		t.Errorf("%s accounts and addresses", got)
	}
	if got := a.one("SELECT count(*) || ' ' || count(DISTINCT subject) || ' ' || min(actor_kind) FROM events WHERE verb = 'account.import'"); got != fmt.Sprint(count, " ", count, " command") {
		t.Errorf("%s events, accounts in them, actors", got)
	}
	a.signIn("person7999@books.test", oldPassword)
}

// BenchmarkImport shows that the memory does not grow with the file: go test ./services/auth-api -run '^$' -bench Import -benchtime 1x
func BenchmarkImport(b *testing.B) {
	for _, count := range []int{1, 10_000, 100_000, 200_000} {
		file := accountsFile(b, count)
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			for b.Loop() {
				benchmarkImport(b, file, count)
			}
		})
	}
}

func benchmarkImport(b *testing.B, file string, count int) {
	b.Helper()
	env := servicetest.AuthAPISettings(b)
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, servicetest.Build(b, servicetest.AuthAPI), "account", "import", file)
	cmd.Env = env.List()
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), fmt.Sprint(count, " added")) {
		b.Fatalf("%v: %.300s", err, out)
	}
	b.ReportMetric(float64(count)/time.Since(began).Seconds(), "accounts/s")
	b.ReportMetric(peakMemory(cmd), "peak-MiB")
}

// peakMemory is the most memory that the ended process had, in MiB (on Linux).
func peakMemory(cmd *exec.Cmd) float64 {
	usage, is := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !is {
		return 0
	}
	return float64(usage.Maxrss) / 1024
}
