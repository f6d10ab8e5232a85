package main_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack"
	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
	"auth.books.test/schema"
)

// development is a running `auth-api dev`.
type development struct {
	t     *testing.T
	out   *devtest.Output
	cmd   *exec.Cmd
	ended chan struct{}
}

func dev(t *testing.T, dir string) *development {
	t.Helper()
	p := servicetest.Start(t, devBinary(t), settings{"AUTH_API_ADDR": "127.0.0.1:0", "TMPDIR": os.TempDir()}, "dev", "--dir", dir)
	d := &development{t: t, out: p.Log, cmd: p.Cmd, ended: p.Ended}
	p.Eventually("dev serves", func() bool { return strings.Contains(d.out.String(), "Ctrl-C stops everything.") })
	return d
}

func (d *development) end(s syscall.Signal) {
	_ = d.cmd.Process.Signal(s)
	<-d.ended
}

// curls are the lines to copy.
func (d *development) curls() []string {
	return regexp.MustCompile(`(?m)^(TOKEN=|curl ).*$`).FindAllString(d.out.String(), -1)
}

func (d *development) shell(script string) string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "bash", "-c", script).CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s: %v: %s", script, err, out)
	}
	return string(out)
}

func TestDevStartsEverythingAndItsLinesWorkAsPrinted(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("curl is needed: the lines that dev prints use it")
	}
	dir := filepath.Join(t.TempDir(), ".dev")
	d := dev(t, dir)
	// Browsers have no passkeys at 127.0.0.1.
	if !strings.Contains(d.out.String(), "auth-api serves on http://localhost:") {
		t.Errorf("it does not say localhost:\n%s", d.out)
	}
	lines := d.curls()
	if len(lines) != 6 {
		t.Fatalf("want five lines to copy, and one for helloworld:\n%s", d.out)
	}
	d.wantHelloworldBeside(lines[0], lines[5])
	out := d.shell(strings.Join(lines[:5], "\n"))
	for _, want := range []string{`"email":"ada@books.test"`, `"books:write"`, `{"active":true,"scope":"books:read books:write","username":"ada@books.test"`, "401 Unauthorized", `"code":"invalid_token"`} {
		if !strings.Contains(out, want) {
			t.Errorf("the lines print no %s:\n%s", want, out)
		}
	}
	token := strings.TrimSpace(d.shell(lines[0] + "\necho $TOKEN"))
	d.end(os.Interrupt.(syscall.Signal))
	d.wantNothingLeft()
	if !d.cmd.ProcessState.Success() {
		t.Errorf("Ctrl-C: %v\n%s", d.cmd.ProcessState, d.out)
	}

	again := dev(t, dir)
	credentials := regexp.MustCompile(`-u \S+`)
	if before, after := credentials.FindString(lines[2]), credentials.FindString(again.curls()[2]); before == "" || after != before {
		t.Errorf("the client did not survive the restart: %s, before %s", after, before)
	}
	line := regexp.MustCompile(`\$TOKEN`).ReplaceAllString(again.curls()[1], token)
	if out := again.shell(line); strings.Contains(again.out.String(), "stand-in") || !strings.Contains(out, `"email":"ada@books.test"`) {
		t.Errorf("the token did not survive the restart: %s", out)
	}
	if out, err := runDev(t, settings{"AUTH_API_ADDR": "127.0.0.1:0"}, "--dir", dir); err == nil || !strings.Contains(out, "another run uses") {
		t.Errorf("a second dev on the same data: %v, %s", err, out)
	}
	again.end(syscall.SIGKILL)
	again.wantNothingLeft()
}

// The data of an earlier version has one user, which owns the tables and serves.
func TestDevServesDataOfOneUserAsAUserThatOwnsNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	before, err := devstack.StartPostgres(t.Context(), devstack.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = schema.Current().Apply(t.Context(), before.URL, schema.Options{})
	if err := errors.Join(err, before.Stop()); err != nil {
		t.Fatal(err)
	}
	d := dev(t, dir)
	if out := d.shell(strings.Join(d.curls()[:2], "\n")); !strings.Contains(out, `"email":"ada@books.test"`) {
		t.Errorf("nobody can sign in: %s", out)
	}
	address := regexp.MustCompile(`auth-db .*, on (127\.0\.0\.1:\d+),`).FindStringSubmatch(d.out.String())
	if address == nil {
		t.Fatalf("it does not say where Postgres is:\n%s", d.out)
	}
	secret, err := os.ReadFile(filepath.Join(dir, "postgres.password"))
	if err != nil {
		t.Fatal(err)
	}
	owner := "postgres://auth:" + strings.TrimSpace(string(secret)) + "@" + address[1] + "/auth"
	c, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	var users []string
	if err := c.QueryRow(t.Context(), "SELECT array(SELECT DISTINCT usename::text FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend')").Scan(&users); err != nil || !slices.Equal(users, []string{"auth_api"}) {
		t.Errorf("it serves as %v, %v", users, err)
	}
	if strings.Contains(d.out.String(), "may change and drop its tables") {
		t.Errorf("it serves as an owner:\n%s", d.out)
	}
	d.end(syscall.SIGINT)
}

// wantHelloworldBeside runs the line that is printed for it, from the repository's
// root as it says.
func (d *development) wantHelloworldBeside(token, call string) {
	d.t.Helper()
	line := regexp.MustCompile(`(?m)^SESSION_DB_URL=.*$`).FindString(d.out.String())
	if line == "" || !strings.HasSuffix(line, "./services/helloworld") {
		d.t.Fatalf("no line for helloworld:\n%s", d.out)
	}
	var log devtest.Output
	cmd := exec.Command("bash", "-c", line)
	cmd.Dir = "../.."
	cmd.Env = append(settings{"HELLOWORLD_ADDR": "127.0.0.1:0", "HELLOWORLD_SHUTDOWN_DELAY": "0s"}.List(), "GOCACHE="+os.Getenv("GOCACHE"), "GOFLAGS="+os.Getenv("GOFLAGS"), "GOPROXY=off")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		<-ended
	}()
	var address []string
	devtest.Within(d.t, 5*time.Minute, "helloworld is built and serves", func() bool {
		select {
		case <-ended:
			d.t.Fatalf("helloworld ended: %s", log.String())
		default:
		}
		address = regexp.MustCompile(`"msg":"serving","addr":"([^"]+)"`).FindStringSubmatch(log.String())
		return address != nil
	})
	out := d.shell(token + "\n" + strings.Replace(call, "127.0.0.1:8080", address[1], 1))
	if !strings.Contains(out, `"message":"Hello, ada@books.test!"`) {
		d.t.Errorf("helloworld answers %s", out)
	}
}

var storePorts = regexp.MustCompile(`on 127\.0\.0\.1:(\d+)`)

// wantNothingLeft looks for what listened on the stores' ports.
func (d *development) wantNothingLeft() {
	d.t.Helper()
	ports := storePorts.FindAllStringSubmatch(d.out.String(), -1)
	if len(ports) == 0 {
		d.t.Fatalf("dev names no store:\n%s", d.out)
	}
	for _, p := range ports {
		port, err := strconv.Atoi(p[1])
		if err != nil {
			d.t.Fatal(err)
		}
		devtest.Eventually(d.t, "the store on port "+p[1]+" ends", func() bool { return !listens(port) })
	}
}

func listens(port int) bool {
	c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}
