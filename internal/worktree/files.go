package worktree

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Files are the files that git knows, as paths from dir: all of them, or those at some paths.
func Files(ctx context.Context, dir string, paths ...string) ([]string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "ls-files", "-z", "--"}, paths...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("list the files of the repository: %w", err)
	}
	return strings.FieldsFunc(string(out), func(c rune) bool { return c == 0 }), nil
}
