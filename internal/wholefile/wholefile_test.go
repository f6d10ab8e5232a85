package wholefile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"auth.books.test/internal/wholefile"
)

// asWriter makes this test binary a program that writes a file.
const asWriter = "WHOLEFILE_TEST_WRITER"

func TestMain(m *testing.M) {
	verb, name, found := strings.Cut(os.Getenv(asWriter), " ")
	if !found {
		os.Exit(m.Run())
	}
	content := bytes.Repeat([]byte("new"), 100_000)
	var err error
	switch verb {
	case "replace":
		err = wholefile.Replace(name, content, 0o600)
	case "replace-two":
		err = wholefile.ReplaceInOrder(0o600, wholefile.File{Name: name, Content: []byte("new")}, wholefile.File{Name: name + ".later", Content: content})
	case "replace-forever":
		for i := 0; err == nil; i++ {
			fmt.Print(".")
			err = wholefile.Replace(name, bytes.Repeat([]byte([]string{"old", "new"}[i%2]), 100_000), 0o600)
		}
	case "create":
		err = wholefile.Create(name, content, 0o600)
	case "read-or-create":
		_, err = wholefile.ReadOrCreate(name, 0o600, func() []byte { return content })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// writer runs a verb in a process of its own. before is shell code that runs first.
func writer(t *testing.T, before, verb, name string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", before+`exec "$0"`, self)
	cmd.Env = append(os.Environ(), asWriter+"="+verb+" "+name)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func content(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "(none)"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// The limit on the size of files makes a write fail halfway, as a full disk does. The
// kernel also sends a signal, which has to be ignored: it would end the Go runtime.
const fullDisk = "trap '' XFSZ; ulimit -f 100; "

func TestAFullDiskLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"replace", "replace-two", "create", "read-or-create"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "file")
			want, listed := "(none)", "[]"
			if strings.HasPrefix(verb, "replace") {
				want, listed = "old", "[file]"
				if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := writer(t, fullDisk, verb, file)
			if err == nil || !strings.Contains(out, "file") {
				t.Fatalf("it wrote on a full disk: %v, %s", err, out)
			}
			if got := content(t, file); got != want {
				t.Errorf("the file is %.20q, want %q", got, want)
			}
			if got := fmt.Sprint(names(t, dir)); got != listed {
				t.Errorf("left behind: %s", got)
			}
			if out, err := writer(t, "", verb, file); err != nil {
				t.Errorf("once there is space: %v, %s", err, out)
			}
		})
	}
}

func TestAReaderNeverFindsAHalfWrittenFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	a, b := bytes.Repeat([]byte("a"), 1<<16), bytes.Repeat([]byte("b"), 1<<16)
	if err := wholefile.Replace(file, a, 0o600); err != nil {
		t.Fatal(err)
	}
	var writing sync.WaitGroup
	done := make(chan struct{})
	for _, text := range [][]byte{a, b} {
		writing.Go(func() {
			for range 20 {
				if err := wholefile.Replace(file, text, 0o600); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { writing.Wait(); close(done) }()
	for {
		select {
		case <-done:
			return
		default:
		}
		if got := content(t, file); got != string(a) && got != string(b) {
			t.Fatalf("%d bytes, neither of both", len(got))
		}
	}
}

// The writer replaces the file again and again until it is killed, in each round at another
// moment.
func TestAKilledWriterLeavesTheOldFileOrTheNew(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	for round := range 15 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), asWriter+"=replace-forever "+file)
		progress, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// It prints a byte before each replacement.
		_, err = io.ReadFull(progress, make([]byte, 1+round))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if b := content(t, file); b != "(none)" && (len(b) != 300_000 || strings.Count(b, b[:3]) != 100_000) {
			t.Fatalf("round %d left %d bytes of both", round, len(b))
		}
	}
	if err := wholefile.RemoveTemporary(dir); err != nil {
		t.Fatal(err)
	}
	if left := names(t, dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFirstOfConcurrentCreatorsWins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "new", "file")
	var creating sync.WaitGroup
	got := make([]string, 20)
	for i := range got {
		creating.Go(func() {
			b, err := wholefile.ReadOrCreate(file, 0o600, func() []byte { return fmt.Append(nil, "by ", i) })
			if err != nil {
				t.Error(err)
			}
			got[i] = string(b)
		})
	}
	creating.Wait()
	want := content(t, file)
	for _, g := range got {
		if g != want {
			t.Errorf("one has %q, the file %q", g, want)
		}
	}
	if err := wholefile.Create(file, []byte("late"), 0o600); !errors.Is(err, fs.ErrExist) || content(t, file) != want {
		t.Errorf("created again: %v", err)
	}
	if left := names(t, filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestReplaceKeepsPermissionsAndLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	if err := wholefile.Replace(link, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 || content(t, file) != "new" {
		t.Errorf("the link is %v, the file %q: %v", info.Mode(), content(t, file), err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("permissions %v: %v", info.Mode(), err)
	}
	fresh := filepath.Join(dir, "fresh")
	if err := wholefile.Create(fresh, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(fresh); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v: %v", info.Mode(), err)
	}
}

func TestTemporaryFilesAreRemovedAndOthersAreNot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{".file1234567890123456789", ".hidden", ".hidden12", "file1234567890123456789", "file"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := wholefile.RemoveTemporary(dir); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(names(t, dir)); got != "[.hidden .hidden12 file file1234567890123456789]" {
		t.Error(got)
	}
	if err := wholefile.RemoveTemporary(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}
