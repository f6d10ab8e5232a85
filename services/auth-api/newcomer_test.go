package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

func document(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The documented commands, in the order in which they stand, with the settings of
// a pod.
func TestTheDocumentedWayFromA403ToAScopeWorks(t *testing.T) {
	t.Parallel()
	page := document(t, "docs/development.md")
	lines := regexp.MustCompile(`(?m)^kubectl -n auth exec deploy/auth-api -- (\S+) (.*)$`).FindAllStringSubmatch(page, -1)
	if len(lines) != 4 {
		t.Fatalf("%d commands are documented", len(lines))
	}
	if !strings.Contains(document(t, "services/auth-api/Dockerfile"), `ENTRYPOINT ["`+lines[0][1]+`"]`) {
		t.Errorf("%s is not what the image has", lines[0][1])
	}
	a := start(t)
	create := regexp.MustCompile(`(?m)^echo '([^']+)' \| kubectl -n auth exec -i deploy/auth-api -- /auth-api (account create .*)$`).FindStringSubmatch(page)
	if create == nil || create[1] != password || !strings.Contains(create[2], email) {
		t.Fatalf("the documented account is %q", create)
	}
	if out, err := servicetest.CommandWithInput(t, servicetest.AuthAPI, a.env, create[1]+"\n", strings.Fields(create[2])...); err != nil {
		t.Fatalf("%s: %v: %s", create[0], err, out)
	}
	before, _ := a.signIn(email, password)
	for _, line := range lines {
		if out, err := a.run(strings.Fields(line[2])...); err != nil {
			t.Fatalf("%s: %v: %s", line[0], err, out)
		}
	}
	after, _ := a.signIn(email, password)
	for token, want := range map[string]int{before: 403, after: 204} {
		if got := a.call("GET", "/verify?api=books&scope=books:read", token, nil); got.status != want {
			t.Errorf("got %d %s, want %d", got.status, got.raw, want)
		}
	}
}

// README's program in a module of its own, made as README says.
func TestAnotherRepositoryRunsTheProgramOfTheReadme(t *testing.T) {
	t.Parallel()
	readme := document(t, "README.md")
	program := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindStringSubmatch(readme)
	commands := regexp.MustCompile(`(?m)^\$ (go (?:mod|get) .*)$`).FindAllStringSubmatch(readme, -1)
	if program == nil || len(commands) != 3 {
		t.Fatalf("README has no program, or %d commands instead of three", len(commands))
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	module := t.TempDir()
	listened := regexp.MustCompile(`http.ListenAndServe\("127.0.0.1:8080", mux\)`)
	if !listened.MatchString(program[1]) {
		t.Fatal("the program listens elsewhere")
	}
	// A port of the test's own.
	source := listened.ReplaceAllString(program[1], `func() error { l, err := net.Listen("tcp", "127.0.0.1:0"); log.Println("listens", l.Addr()); _ = err; return http.Serve(l, mux) }()`)
	source = strings.Replace(source, "\t\"net/http\"\n", "\t\"net\"\n\t\"net/http\"\n", 1)
	if err := os.WriteFile(filepath.Join(module, "main.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	goEnv := append(settings{"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOSUMDB": "off"}.List(), "GOCACHE="+os.Getenv("GOCACHE"))
	for _, command := range append(commands, []string{"", "go build -o program ."}) {
		cmd := exec.CommandContext(t.Context(), "bash", "-c", strings.Replace(command[1], "../auth", root, 1))
		cmd.Dir, cmd.Env = module, goEnv
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command[1], err, out)
		}
	}

	a := start(t)
	a.member()
	for _, args := range [][]string{{"api", "create", "books", "--scope", "books:read"}, {"role", "create", "books", "reader", "--scope", "books:read"}, {"account", "verify", email}, {"role", "grant", email, "books", "reader"}} {
		if out, err := a.run(args...); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	token, _ := a.signIn(email, password)
	var log devtest.Output
	cmd := exec.Command(filepath.Join(module, "program"))
	cmd.Env = settings{"SESSION_DB_URL": a.env["SESSION_DB_URL"], "SESSION_DB_TOKEN_KEY": tokenKey}.List()
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	var address []string
	devtest.Within(t, time.Minute, "the program listens", func() bool {
		address = regexp.MustCompile(`listens (\S+)`).FindStringSubmatch(log.String())
		return address != nil
	})
	books := &api{t: t, url: "http://" + address[1], http: http.DefaultClient}
	if got := books.call("GET", "/books", token, nil); got.status != 200 || got.raw != "books of "+email+"\n" {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if got := books.call("GET", "/books", "nonsense", nil); got.status != 401 {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}
