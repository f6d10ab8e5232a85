package main_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

// proxies are the programs that docs/proxies has configurations for.
func proxies() map[string]proxyProgram {
	return map[string]proxyProgram{
		"nginx":   {program: "nginx", away: 503, configure: configureNginx},
		"Traefik": {program: "traefik", away: 500, configure: configureTraefik},
		"Caddy":   {program: "caddy", away: 502, configure: configureCaddy},
	}
}

type proxyProgram struct {
	program string
	// away is what it answers if auth-api does not.
	away int
	// configure writes the configuration and says how the program is started on it.
	configure func(s *site) []string
}

// site is a proxy between a client, auth-api and an API.
type site struct {
	*api
	t   *testing.T
	dir string
	// Addresses, with a port.
	addr, auth, behind string
	log                *devtest.Output
	books              *books
}

// config is a file of docs/proxies with the addresses of the test.
func (s *site) config(name string, more ...string) string {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join("../../docs/proxies", name))
	if err != nil {
		s.t.Fatal(err)
	}
	text := string(b)
	_, port, _ := net.SplitHostPort(s.addr)
	replace := append([]string{"127.0.0.1:8000", s.auth, "127.0.0.1:9000", s.behind}, more...)
	if strings.Contains(text, "127.0.0.1:8080") {
		replace = append(replace, "127.0.0.1:8080", s.addr)
	} else {
		replace = append(replace, ":8080", ":"+port)
	}
	return strings.NewReplacer(replace...).Replace(text)
}

func (s *site) write(name, text string) (path string) {
	s.t.Helper()
	path = filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func configureNginx(s *site) []string {
	s.write("books.conf", s.config("nginx.conf"))
	// Who starts as root serves as somebody else, who may not write here.
	user := ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	main := s.write("nginx.conf", fmt.Sprintf(`daemon off; pid %[1]s/pid; error_log stderr; %[2]s
events { }
http {
	access_log off;
	client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	include books.conf;
}`, s.dir, user))
	return []string{"-p", s.dir, "-e", "stderr", "-c", main}
}

func configureTraefik(s *site) []string {
	dynamic := s.write("dynamic.yml", s.config("traefik-dynamic.yml"))
	return []string{"--configFile=" + s.write("traefik.yml", s.config("traefik.yml", "/etc/traefik/dynamic.yml", dynamic))}
}

func configureCaddy(s *site) []string {
	// Its control port is for everybody on the machine; a test needs none.
	main := s.write("Caddyfile", "{\n\tadmin off\n}\n\n"+s.config("Caddyfile"))
	return []string{"run", "--adapter", "caddyfile", "--config", main}
}

// open starts the proxy, or skips the test if it is not installed.
func (p proxyProgram) open(t *testing.T, a *api, change ...func(dir string)) *site {
	t.Helper()
	path, err := exec.LookPath(p.program)
	if err != nil {
		// Debian's place for programs of root.
		path, err = exec.LookPath("/usr/sbin/" + p.program)
	}
	if err != nil {
		t.Skipf("SKIPPED, no %[1]s: its configuration in docs/proxies was not tried. Install %[1]s to run this test.", p.program)
	}
	s := &site{api: a, t: t, dir: t.TempDir(), addr: freeAddr(t), auth: strings.TrimPrefix(a.url, "http://"), log: &devtest.Output{}, books: newBooks(t)}
	s.behind = s.books.addr
	arguments := p.configure(s)
	for _, c := range change {
		c(s.dir)
	}
	cmd := exec.Command(path, arguments...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "HOME="+s.dir, "XDG_DATA_HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
			t.Errorf("%s did not stop", p.program)
		}
		if t.Failed() {
			t.Logf("%s said: %s", p.program, s.log)
		}
	})
	eventually(t, p.program+" serves", func() bool {
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", p.program, s.log)
		default:
		}
		response, err := http.Get("http://" + s.addr + "/public/ready")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	s.books.forget()
	return s
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
