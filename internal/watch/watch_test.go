package watch_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/watch"
)

// project is a module with a program that prints a word and waits.
type project struct {
	t    *testing.T
	dir  string
	out  devtest.Output
	errs devtest.Output
}

func (p *project) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func program(word string) string {
	return `package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println("` + word + ` begins")
	<-stop
	fmt.Println("` + word + ` ends")
}
`
}

func (p *project) eventually(what string, out *devtest.Output, text string) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); !strings.Contains(out.String(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("%s: no %q in\n%s%s", what, text, p.out.String(), p.errs.String())
		}
	}
}

func TestRestartsOnEveryChangeThatBuilds(t *testing.T) {
	t.Parallel()
	p := &project{t: t, dir: t.TempDir()}
	p.write("go.mod", "module sample\n\ngo 1.24\n")
	p.write("main.go", program("first"))
	binary := filepath.Join(t.TempDir(), "sample")
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := watch.Run(ctx, watch.Options{Root: p.dir, Package: ".", Output: binary, Command: []string{binary}, Stdout: &p.out, Stderr: &p.errs}); err != nil {
			t.Error(err)
		}
	})
	defer running.Wait()
	defer stop()

	p.eventually("at first", &p.out, "first begins")
	p.write("main.go", program("second"))
	p.eventually("after a change", &p.out, "first ends\nsecond begins")
	p.write("main.go", "package main\n\nfunc main() { nonsense() }\n")
	p.eventually("a change that does not build", &p.errs, "undefined: nonsense")
	if strings.Contains(p.out.String(), "second ends") {
		t.Error("the running program was stopped for a build that failed")
	}
	p.write("word/word.go", "package word\n\nconst Word = \"third\"\n")
	p.write("main.go", strings.Replace(program("third"), "import (", "import (\n\t_ \"sample/word\"", 1))
	p.eventually("after it was corrected", &p.out, "second ends\nthird begins")
	p.write("word/word.go", "package word\n\nconst Word = \"fourth\"\n")
	p.eventually("after a change in a new directory", &p.out, "third ends\nthird begins")
	stop()
	running.Wait()
	if got := p.out.String(); !strings.HasSuffix(got, "third ends\n") {
		t.Errorf("the program was not stopped:\n%s", got)
	}
}

func TestWaitsForAChangeWhenTheProgramEnds(t *testing.T) {
	t.Parallel()
	p := &project{t: t, dir: t.TempDir()}
	p.write("go.mod", "module sample\n\ngo 1.24\n")
	p.write("main.go", "package main\n\nfunc main() {}\n")
	binary := filepath.Join(t.TempDir(), "sample")
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		_ = watch.Run(ctx, watch.Options{Root: p.dir, Package: ".", Output: binary, Command: []string{binary}, Stdout: &p.out, Stderr: &p.errs})
	})
	defer running.Wait()
	defer stop()
	p.eventually("the end", &p.errs, "the program ended")
	p.write("main.go", program("next"))
	p.eventually("after a change", &p.out, "next begins")
}
