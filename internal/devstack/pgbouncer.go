package devstack

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// RunPgBouncer starts a pooler for a Postgres on loopback, with the pool mode "session" or
// "transaction". It does not wait until it answers. Error: ErrNoSource.
func RunPgBouncer(dir, postgresURL, mode string, port int) (*Process, error) {
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil { // not always in PATH
			return nil, fmt.Errorf("find pgbouncer: %w", ErrNoSource)
		}
	}
	u, err := url.Parse(postgresURL)
	if err != nil {
		return nil, fmt.Errorf("read the database URL")
	}
	dir = filepath.Join(dir, "pgbouncer")
	as, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	if err := own(dir, as); err != nil {
		return nil, err
	}
	password, _ := u.User.Password()
	config, users := filepath.Join(dir, "pgbouncer.ini"), filepath.Join(dir, "users.txt")
	// In transaction mode there are few connections to the server for all clients, so that
	// settings that one client leaves behind affect the others at once.
	for file, text := range map[string]string{
		users: fmt.Sprintf("%q %q\n", u.User.Username(), password),
		config: fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = %s
default_pool_size = %d
max_client_conn = 100
`, u.Hostname(), u.Port(), port, users, mode, map[bool]int{true: 2, false: 40}[mode == "transaction"]),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("write the configuration of pgbouncer: %w", err)
		}
		if as != nil {
			if err := os.Chown(file, int(as.uid), int(as.gid)); err != nil {
				return nil, fmt.Errorf("change the owner of pgbouncer's configuration: %w", err)
			}
		}
	}
	return start(path, []string{config}, nil, io.Discard, attributes(syscall.SIGTERM, as), "/")
}
