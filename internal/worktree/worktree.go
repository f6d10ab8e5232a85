// Package worktree says how to bring files of a git repository back to what is
// committed without losing anything: `git checkout --` throws away what is not
// committed, so it is proposed only where files are missing.
package worktree

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Restore gives the command that brings a path back to a state that works. Path is below dir, the repository.
func Restore(ctx context.Context, dir, path string) string {
	switch state, untracked := look(ctx, dir, path); state {
	case clean:
		return fmt.Sprintf("it is as committed, so an earlier commit has to be found: git log -p -- %s", path)
	case deleted:
		return "git checkout -- " + path
	case changed:
		return fmt.Sprintf("it has changes that are not committed: look at git diff HEAD -- %s, then commit them, or set them aside: %s", path, setAside(path, untracked))
	}
	return "look at what was changed: git diff HEAD -- " + path
}

// Earlier gives the commands that take a path from an earlier commit.
func Earlier(ctx context.Context, dir, path string) string {
	take := fmt.Sprintf("find a commit with git log -- %[1]s, and git checkout COMMIT -- %[1]s", path)
	switch state, untracked := look(ctx, dir, path); state {
	case clean, deleted:
		return take
	case changed:
		return fmt.Sprintf("%s has changes that are not committed: commit them, or set them aside: %s. Then %s", path, setAside(path, untracked), take)
	}
	return "commit what is not committed, then " + take
}

// SetAside gives the command that sets aside all changes of a path, with new files, so that it is as committed.
func SetAside(path string) string { return setAside(path, true) }

func setAside(path string, untracked bool) string {
	if untracked {
		return "git stash push --include-untracked -- " + path
	}
	return "git stash push -- " + path
}

type state int

const (
	unknown state = iota // git does not say
	clean
	deleted // files are missing, and nothing else differs
	changed
)

// look asks git for changes of a path, and whether there are untracked files.
func look(ctx context.Context, dir, path string) (found state, untracked bool) {
	relative, err := filepath.Rel(dir, path)
	if err != nil {
		return unknown, false
	}
	changes, err := Changes(ctx, dir, relative)
	if err != nil {
		return unknown, false
	}
	found = clean
	for line := range strings.Lines(changes) {
		if strings.HasPrefix(line, " D ") {
			if found == clean {
				found = deleted
			}
			continue
		}
		found = changed
		untracked = untracked || strings.HasPrefix(line, "??")
	}
	return found, untracked
}

// Changes gives what git status --porcelain says of a path below dir: a line for each file
// that is not as committed.
func Changes(ctx context.Context, dir, path string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", "status", "--porcelain", "--", path)
	cmd.Dir = dir
	// Otherwise git may write the index, and so make it another user's.
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0")
	out, err := cmd.Output()
	return string(out), err
}
