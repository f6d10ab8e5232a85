package devstack

import (
	"errors"
	"fmt"
	"os"
	osuser "os/user"
	"path/filepath"
	"runtime"
	"strconv"
)

// user is the user that a program runs as.
type user struct {
	uid, gid uint32
	// passes is true if the program gets a capability to pass through directories that are
	// closed to the user.
	passes bool
}

// unprivileged returns the user for Postgres, which refuses to run as root: postgres,
// otherwise nobody. It returns nil if this process does not run as root.
func unprivileged(dir string) (*user, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := osuser.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(found.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(found.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &user{uid: uint32(uid), gid: uint32(gid), passes: runtime.GOOS == "linux" && !open(dir)}, nil
	}
	return nil, errors.New("find a user for Postgres, which refuses to run as root: there is neither postgres nor nobody")
}

// open reports whether every user may pass through the directories above dir.
func open(dir string) bool {
	for dir = filepath.Dir(dir); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

// own creates a directory that belongs to the user.
func own(dir string, as *user) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	if as == nil {
		return nil
	}
	if err := os.Chown(dir, int(as.uid), int(as.gid)); err != nil {
		return fmt.Errorf("give %s to the user of Postgres: %w", dir, err)
	}
	return nil
}
