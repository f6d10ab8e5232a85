package main_test

import (
	"fmt"
	"math/rand/v2"
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
		"nginx":   {program: "nginx", configure: configureNginx},
		"Traefik": {program: "traefik", passesOnFailures: true, configure: configureTraefik},
		"Caddy":   {program: "caddy", configure: configureCaddy},
		"Apache":  {program: "apache2", passesOnFailures: true, introspects: true, configure: configureApache},
		"HAProxy": {program: "haproxy", configure: configureHAProxy},
	}
}

type proxyProgram struct {
	program string
	// passesOnFailures says that it does not make 503 of every failure.
	passesOnFailures bool
	// introspects says that it asks POST /oauth/introspect as a client, and believes
	// an answer for a second.
	introspects bool
	// configure writes the configuration and says how the program is started on it.
	configure func(s *site) []string
}

// site is a proxy between a client, auth-api and an API.
type site struct {
	*api
	proxyProgram
	t   *testing.T
	dir string
	// Addresses, with a port.
	addr, behind string
	log          *devtest.Output
	front        *front
	books        *books
	// Of the usual account, which may read books.
	token, session, id string
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
	replace := append([]string{"127.0.0.1:8000", s.front.addr, "127.0.0.1:9000", s.behind}, more...)
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
	s.write("books.conf", strings.Replace(s.config("nginx.conf"), "    location / {", ownHeader+"    location / {", 1))
	if err := os.Mkdir(filepath.Join(s.dir, "snippets"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.write("snippets/nginx-identity.conf", s.config("nginx-identity.conf"))
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

// ownHeader is a location that says more to its API, as people add them.
const ownHeader = `
    location /public/own/ {
        include snippets/nginx-identity.conf;
        proxy_set_header X-Own-Line 1;
        proxy_pass http://books;
    }
`

func configureTraefik(s *site) []string {
	dynamic := s.write("dynamic.yml", s.config("traefik-dynamic.yml"))
	return []string{"--configFile=" + s.write("traefik.yml", s.config("traefik.yml", "/etc/traefik/dynamic.yml", dynamic))}
}

func configureCaddy(s *site) []string {
	// Its control port is for everybody on the machine; a test needs none.
	main := s.write("Caddyfile", "{\n\tadmin off\n}\n\n"+s.config("Caddyfile"))
	return []string{"run", "--adapter", "caddyfile", "--config", main}
}

func configureHAProxy(s *site) []string {
	script := s.write("auth-api.lua", s.config("auth-api.lua"))
	return []string{"-db", "-f", s.write("haproxy.cfg", s.config("haproxy.cfg", "/etc/haproxy/auth-api.lua", script))}
}

func configureApache(s *site) []string {
	as := s.client("books")
	s.write("books.conf", s.config("apache.conf", "CLIENT_ID", as.id, "CLIENT_SECRET", as.secret, "127.0.0.1:8081", freeAddr(s.t)))
	var modules strings.Builder
	for _, name := range strings.Fields("mpm_event authn_core authz_core authz_user headers rewrite setenvif proxy proxy_http oauth2") {
		fmt.Fprintf(&modules, "LoadModule %[1]s_module /usr/lib/apache2/modules/mod_%[1]s.so\n", name)
	}
	main := s.write("apache2.conf", fmt.Sprintf("%[1]sServerName localhost\nUser #65534\nGroup #65534\nServerRoot %[2]s\nPidFile %[2]s/pid\nDefaultRuntimeDir %[2]s\nMutex file:%[2]s default\nErrorLog /dev/stderr\nInclude %[2]s/books.conf\n",
		modules.String(), s.dir))
	return []string{"-D", "FOREGROUND", "-f", main}
}

// path is where the program is, or nothing.
func (p proxyProgram) path() string {
	path, err := exec.LookPath(p.program)
	if err != nil {
		// Debian's place for programs of root.
		path, _ = exec.LookPath("/usr/sbin/" + p.program)
	}
	return path
}

// open starts the proxy, which serves until t ends.
func (p proxyProgram) open(t *testing.T, a *api, change ...func(dir string)) *site {
	t.Helper()
	s := &site{api: a, proxyProgram: p, t: t, dir: t.TempDir(), addr: freeAddr(t), log: &devtest.Output{}, front: newFront(t, a), books: newBooks(t)}
	s.behind = s.books.addr
	arguments := p.configure(s)
	for _, c := range change {
		c(s.dir)
	}
	cmd := exec.Command(p.path(), arguments...)
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
	devtest.Eventually(t, p.program+" serves", func() bool {
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

// freeAddr is an address for a program that cannot be told to choose one. It lies
// below the ports that the kernel gives to those who let it choose, as the other
// servers of these tests do: one of them would take it before the program starts.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(20000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port from 10000 to 29999 is free")
	return ""
}
