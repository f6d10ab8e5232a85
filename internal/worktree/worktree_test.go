package worktree_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"auth.books.test/internal/worktree"
)

// git runs a command in a repository, and knows no settings but those given here.
func git(t *testing.T, dir, arguments string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", arguments)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@books.test", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@books.test")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", arguments, err, out)
	}
	return string(out)
}

func write(t *testing.T, content string, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// repository has the files sealed/a and sealed/b, committed.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, "one\n", dir, "sealed/a")
	write(t, "one\n", dir, "sealed/b")
	git(t, dir, "git init --quiet && git add . && git commit --quiet --message=first")
	return dir
}

// Each way in which work may be there and not committed, alone and beside a file that is missing.
func TestCheckoutIsProposedOnlyWhereNothingIsLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change          string // in the repository
		restore, before string // what is proposed
	}{
		"as committed":                   {"true", "git log -p -- ", "find a commit"},
		"a file is missing":              {"rm sealed/a", "git checkout -- ", "find a commit"},
		"another folder is changed":      {"echo two >other", "git log -p -- ", "find a commit"},
		"a file is changed":              {"echo two >sealed/a", "git stash push -- ", "git stash push -- "},
		"one is changed and one missing": {"echo two >sealed/a; rm sealed/b", "git stash push -- ", "git stash push -- "},
		"a change is staged":             {"echo two >sealed/a; git add sealed/a", "git stash push -- ", "git stash push -- "},
		"staged, and then deleted":       {"echo two >sealed/a; git add sealed/a; rm sealed/a", "git stash push -- ", "git stash push -- "},
		"a deletion is staged":           {"git rm --quiet sealed/a", "git stash push -- ", "git stash push -- "},
		"a file is new":                  {"echo two >sealed/c; rm sealed/a", "git stash push --include-untracked -- ", "git stash push --include-untracked -- "},
		"a new file is staged":           {"echo two >sealed/c; git add sealed/c", "git stash push -- ", "git stash push -- "},
		"no repository":                  {"rm -rf .git", "look at what was changed: git diff HEAD -- ", "commit what is not committed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := repository(t)
			git(t, dir, c.change)
			sealed := filepath.Join(dir, "sealed")
			restore, earlier := worktree.Restore(t.Context(), dir, sealed), worktree.Earlier(t.Context(), dir, sealed)
			if !strings.Contains(restore, c.restore) || strings.Contains(restore, "git checkout") != (c.restore == "git checkout -- ") {
				t.Errorf("restore: %s", restore)
			}
			if !strings.HasPrefix(earlier, c.before) && !strings.Contains(earlier, c.before+sealed+". Then find a commit") {
				t.Errorf("go to an earlier commit: %s", earlier)
			}
		})
	}
}

// What is proposed does what it says: the files are as committed, and the work is in the stash.
func TestTheCommandThatSetsChangesAsideLosesNothing(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	git(t, dir, "echo work >sealed/a; rm sealed/b; echo new >sealed/c; echo work >other")
	_, command, found := strings.Cut(worktree.Restore(t.Context(), dir, filepath.Join(dir, "sealed")), "set them aside: ")
	if !found || command != worktree.SetAside(filepath.Join(dir, "sealed")) {
		t.Fatalf("no command, or another one: %q", command)
	}
	git(t, dir, command)
	if status := git(t, dir, "git status --porcelain; cat sealed/a sealed/b"); status != "?? other\none\none\n" {
		t.Errorf("after %s: %q", command, status)
	}
	if after := git(t, dir, "git stash pop --quiet; git status --porcelain; cat sealed/a sealed/c"); after != " M sealed/a\n D sealed/b\n?? other\n?? sealed/c\nwork\nnew\n" {
		t.Errorf("brought back: %q", after)
	}
}

func TestTheIndexIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	before, err := os.ReadFile(filepath.Join(dir, ".git/index"))
	if err != nil {
		t.Fatal(err)
	}
	git(t, dir, "touch --date=2030-01-01 sealed/a")
	worktree.Restore(t.Context(), dir, filepath.Join(dir, "sealed"))
	if after, err := os.ReadFile(filepath.Join(dir, ".git/index")); err != nil || string(after) != string(before) {
		t.Errorf("git wrote the index: %v", err)
	}
}
