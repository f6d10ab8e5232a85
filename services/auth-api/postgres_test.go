package main_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
	"auth.books.test/schema/schematest"
)

func sqlOn(t *testing.T, link string, statements ...string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for _, s := range statements {
		if _, err := c.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// setDatabase changes a default of the database that a URL names.
func setDatabase(t *testing.T, link, setting string) {
	t.Helper()
	sqlOn(t, link, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET `+setting+`', current_database()); END $$`)
}

// livesHere does what a person does, from the first request to the last.
func (a *api) livesHere(email string) {
	a.t.Helper()
	a.register(email, password)
	token, _ := a.signIn(email, password)
	other, _ := a.signIn(email, password)
	a.want(a.me(token), 200, "")
	a.want(a.call("PATCH", "/v1/accounts/me", token, map[string]string{"name": "Ada"}), 200, "")
	a.want(a.call("GET", "/v1/sessions", token, nil), 200, "")
	// That ends the others.
	a.want(a.call("DELETE", "/v1/sessions", other, nil), 204, "")
	a.want(a.me(token), 401, "invalid_token")
	a.want(a.me(other), 200, "")
	a.want(a.call("DELETE", "/v1/sessions/current", other, nil), 204, "")
	a.want(a.me(other), 401, "invalid_token")
}

func TestServesBehindAPooler(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"session", "transaction"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			env := settings{"AUTH_DB_URL": devtest.PgBouncer(t, devtest.Postgres(t), mode)}
			for range 2 {
				if out, err := runWith(t, env, "schema", "apply"); err != nil {
					t.Fatalf("schema apply: %v, %s", err, out)
				}
			}
			for run := range 2 {
				a := start(t, func(s settings) { s["AUTH_DB_URL"] = env["AUTH_DB_URL"] })
				devtest.Eventually(t, "ready", func() bool { r := a.ready(); return r.status == 200 && r.text("status") == "ok" })
				var all sync.WaitGroup
				for i := range 4 {
					all.Go(func() { a.livesHere(fmt.Sprintf("ada%d-%d@books.test", run, i)) })
				}
				all.Wait()
				a.stop()
				if strings.Contains(a.log.String(), "the auth database fails") {
					t.Errorf("the log complains: %s", a.log)
				}
			}
		})
	}
}

func TestServesWhateverTheDatabaseAndTheURLSay(t *testing.T) {
	t.Parallel()
	link := schematest.Database(t)
	sqlOn(t, link, "CREATE SCHEMA elsewhere", "CREATE TABLE elsewhere.sessions (id uuid)")
	for _, setting := range []string{"search_path = elsewhere", "default_transaction_isolation = serializable", "lock_timeout = 1",
		"DateStyle = ''SQL, DMY''", "TimeZone = ''Asia/Kathmandu''", "bytea_output = escape", "client_encoding = LATIN1", "standard_conforming_strings = off"} {
		setDatabase(t, link, setting)
	}
	a := start(t, func(s settings) {
		s["AUTH_DB_URL"] = link + "&search_path=elsewhere"
		s["PGOPTIONS"] = "-c search_path=elsewhere"
	})
	if r := a.ready(); r.status != 200 || r.text("status") != "ok" {
		t.Errorf("/readyz: %d %s", r.status, r.raw)
	}
	a.livesHere(email)
}

func TestDatabaseThatBecomesReadOnlyIsNamedAndComesBack(t *testing.T) {
	t.Parallel()
	p := schematest.Process(t)
	a := start(t, openToAll, func(s settings) { s["AUTH_DB_URL"] = p.URL })
	token, _ := a.member()
	if r := a.ready(); r.status != 200 || r.text("status") != "ok" {
		t.Fatalf("/readyz: %d %s", r.status, r.raw)
	}
	sqlOn(t, p.URL, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
	signIn := func() answer {
		return a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	}
	devtest.Eventually(t, "/readyz names it", func() bool {
		r := a.ready()
		return r.status == 200 && r.text("status") == "degraded" && strings.Contains(r.raw, "read-only") && strings.Contains(r.raw, `"auth-db":"down"`)
	})
	a.want(signIn(), 503, "store_unavailable")
	a.want(a.asksForAccount("grace@books.test"), 503, "store_unavailable")
	a.want(a.call("DELETE", "/v1/sessions/current", token, nil), 503, "store_unavailable")
	a.want(a.me(token), 200, "")
	devtest.Eventually(t, "the log names it", func() bool { return strings.Contains(a.log.String(), "the database is read-only") })
	sqlOn(t, p.URL, "SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
	devtest.Eventually(t, "sign-in works", func() bool { return signIn().status == 201 })
	a.want(a.me(token), 200, "")
	a.want(a.call("DELETE", "/v1/sessions/current", token, nil), 204, "")
}

func TestChangesOfTheRoleWhileConnectedAreNamed(t *testing.T) {
	t.Parallel()
	p := schematest.Process(t)
	sqlOn(t, p.URL, "CREATE ROLE service LOGIN PASSWORD 'old'", "GRANT ALL ON ALL TABLES IN SCHEMA public TO service")
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("service", "old")
	a := start(t, func(s settings) { s["AUTH_DB_URL"] = u.String() })
	token, _ := a.member()
	a.want(a.ready(), 200, "")
	named := func(what string, words ...string) {
		t.Helper()
		devtest.Eventually(t, what, func() bool {
			r := a.ready()
			for _, word := range words {
				if !strings.Contains(r.raw, word) {
					return false
				}
			}
			return r.status == 200 && r.text("status") == "degraded"
		})
	}
	sqlOn(t, p.URL, "REVOKE INSERT ON sessions FROM service")
	named("/readyz names the right", "lacks", "sessions")
	a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}), 503, "store_unavailable")
	a.want(a.me(token), 200, "")
	sqlOn(t, p.URL, "GRANT INSERT ON sessions TO service")
	devtest.Eventually(t, "ready", func() bool { return a.ready().text("status") == "ok" })

	sqlOn(t, p.URL, "ALTER ROLE service PASSWORD 'new'", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'service'")
	named("/readyz names the password", "password", "28P01")
	a.want(a.me(token), 200, "")
	sqlOn(t, p.URL, "ALTER ROLE service PASSWORD 'old'")
	devtest.Eventually(t, "sign-in works", func() bool {
		return a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}).status == 201
	})
	if log := a.log.String(); strings.Contains(log, "old@") || strings.Contains(log, ":old") {
		t.Errorf("the log holds the password: %s", log)
	}
}

// A rebuild of Redis must not take rows that it may not see for sessions that
// have ended.
func TestHiddenSessionsAreNotSignedOut(t *testing.T) {
	t.Parallel()
	p := schematest.Process(t)
	sqlOn(t, p.URL, "CREATE ROLE service LOGIN PASSWORD 'service'", "GRANT ALL ON ALL TABLES IN SCHEMA public TO service")
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("service", "service")
	a := start(t, func(s settings) { s["AUTH_DB_URL"] = u.String() })
	token, _ := a.member()
	sqlOn(t, p.URL, "ALTER TABLE authorizations ENABLE ROW LEVEL SECURITY")
	if err := a.redis().FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "/readyz names it", func() bool { return strings.Contains(a.ready().raw, "row level security hides rows of authorizations") })
	devtest.Eventually(t, "the rebuild has failed", func() bool { return strings.Contains(a.log.String(), "row-level security") })
	for range 20 {
		if got := a.me(token); got.status == 401 {
			t.Fatalf("a live token is called dead: %s", got.raw)
		}
	}
	sqlOn(t, p.URL, "ALTER TABLE authorizations DISABLE ROW LEVEL SECURITY")
	devtest.Eventually(t, "the token is back", func() bool {
		got := a.me(token)
		if got.status == 401 {
			t.Fatalf("a live token is called dead: %s", got.raw)
		}
		return got.status == 200
	})
}

func TestDatabaseOfAnotherEncodingIsRefusedByName(t *testing.T) {
	t.Parallel()
	p := devtest.PostgresProcess(t)
	for _, encoding := range []string{"SQL_ASCII", "LATIN1"} {
		sqlOn(t, p.URL, "CREATE DATABASE "+strings.ToLower(encoding)+" TEMPLATE template0 ENCODING '"+encoding+"' LOCALE 'C'")
		u, err := url.Parse(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/" + strings.ToLower(encoding)
		env := servicetest.AuthAPIOn(u.String(), devtest.Redis(t))
		for _, args := range [][]string{{"schema", "apply", "--wait=1m"}, {"serve"}} {
			out, err := runWith(t, env, args...)
			if err == nil || !strings.Contains(out, encoding) || !strings.Contains(out, "must be UTF8") {
				t.Errorf("%v on %s: %v, %s", args, encoding, err, out)
			}
		}
	}
}

func TestWrongCertificateOfPostgresIsRefusedByName(t *testing.T) {
	t.Parallel()
	p := schematest.Process(t)
	authority := serveTLS(t, p.URL, "postgres.example.org")
	for name, c := range map[string]struct{ query, want string }{
		"another host":         {"sslmode=verify-full&sslrootcert=" + url.QueryEscape(authority), "certificate of Postgres is for another host"},
		"an unknown authority": {"sslmode=verify-ca&sslrootcert=" + url.QueryEscape(selfSigned(t, t.TempDir(), "other.example.org")), "signed by an authority that is not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := servicetest.AuthAPIOn(strings.Replace(p.URL, "sslmode=disable", c.query, 1), devtest.Redis(t))
			for _, args := range [][]string{{"schema", "apply", "--wait=1m"}, {"serve"}} {
				out, err := runWith(t, env, args...)
				if err == nil || !strings.Contains(out, "AUTH_DB_") || !strings.Contains(out, c.want) {
					t.Errorf("%v: %v, %s", args, err, out)
				}
			}
		})
	}
	t.Run("the right one", func(t *testing.T) {
		t.Parallel()
		env := settings{"AUTH_DB_URL": strings.Replace(p.URL, "sslmode=disable", "sslmode=verify-ca&sslrootcert="+url.QueryEscape(authority), 1)}
		if out, err := runWith(t, env, "schema", "apply"); err != nil {
			t.Errorf("%v, %s", err, out)
		}
	})
}

// An operator who mends the password must not have to start the service again.
func TestRefusedPasswordIsNamedAndWaitedFor(t *testing.T) {
	t.Parallel()
	p := schematest.Process(t)
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	right, _ := u.User.Password()
	admin, err := pgx.Connect(t.Context(), p.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	set := func(password string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", u.User.Username(), password)); err != nil {
			t.Fatal(err)
		}
	}
	set("another")
	a := startWith(t, servicetest.AuthAPIOn(strings.Replace(p.URL, "sslmode=disable", "sslmode=prefer", 1), devtest.Redis(t)))
	devtest.Eventually(t, "/readyz names the password", func() bool {
		got := a.call("GET", "/readyz", "", nil)
		return got.status == 503 && strings.Contains(got.raw, "28P01")
	})
	set(right)
	devtest.Eventually(t, "it is ready", func() bool { return a.call("GET", "/readyz", "", nil).status == 200 })
}

// serveTLS makes a Postgres speak TLS with a certificate for a host, and returns
// the file of the certificate, which signs itself.
func serveTLS(t *testing.T, link, host string) (file string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	var data string
	if err := c.QueryRow(t.Context(), "SHOW data_directory").Scan(&data); err != nil {
		t.Fatal(err)
	}
	file = selfSigned(t, t.TempDir(), host)
	info, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	for from, to := range map[string]string{file: "server.crt", strings.TrimSuffix(file, ".crt") + ".key": "server.key"} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		to = filepath.Join(data, to)
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(to, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	sqlOn(t, link, "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
	devtest.Eventually(t, "Postgres speaks TLS", func() bool {
		c, err := pgx.Connect(t.Context(), strings.Replace(link, "sslmode=disable", "sslmode=require", 1))
		return err == nil && c.Close(t.Context()) == nil
	})
	return file
}

func selfSigned(t *testing.T, dir, host string) (file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "server.crt")
	for name, block := range map[string]*pem.Block{file: {Type: "CERTIFICATE", Bytes: certificate}, filepath.Join(dir, "server.key"): {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func TestServesOverIPv6(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("SKIPPED, this machine has no IPv6 loopback: %v", err)
	}
	u, err := url.Parse(schematest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	target := u.Host
	var all sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	all.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", target)
			if err != nil {
				_ = from.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
				all.Go(func() {
					_, _ = io.Copy(way[0], way[1])
					_, _ = way[0].Close(), way[1].Close()
				})
			}
		}
	})
	u.Host = l.Addr().String()
	link := u.String()
	a := start(t, func(s settings) { s["AUTH_DB_URL"] = link })
	if r := a.ready(); r.status != 200 || r.text("status") != "ok" {
		t.Errorf("/readyz: %d %s", r.status, r.raw)
	}
	a.livesHere(email)
	a.stop()
}

func TestSchemaCommandSaysOnceWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(devtest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("auth", "wrong-secret")
	out, err := runWith(t, settings{"AUTH_DB_URL": u.String()}, "schema", "apply", "--wait=3s")
	if err == nil || strings.Count(out, "schema apply waits until") != 1 || !strings.Contains(out, "refuses the password") || !strings.Contains(out, "AUTH_DB_PASSWORD") {
		t.Errorf("%v, %s", err, out)
	}
	if strings.Contains(out, "wrong-secret") {
		t.Errorf("the password is printed: %s", out)
	}
}

// The server comes back as a standby, as after a failover, and is promoted.
func TestStandbyIsNamedUntilItIsPromoted(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"direct", "transaction"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := schematest.Process(t)
			link := p.URL
			if mode != "direct" {
				link = devtest.PgBouncer(t, p.URL, mode)
			}
			a := start(t, func(s settings) { s["AUTH_DB_URL"] = link })
			token, _ := a.member()
			a.want(a.ready(), 200, "")
			c, err := pgx.Connect(t.Context(), p.URL)
			if err != nil {
				t.Fatal(err)
			}
			var data string
			if err := c.QueryRow(t.Context(), "SHOW data_directory").Scan(&data); err != nil {
				t.Fatal(err)
			}
			p.Kill()
			if err := os.WriteFile(filepath.Join(data, "standby.signal"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(data)
			if err != nil {
				t.Fatal(err)
			}
			owner := info.Sys().(*syscall.Stat_t)
			if err := os.Chown(filepath.Join(data, "standby.signal"), int(owner.Uid), int(owner.Gid)); err != nil {
				t.Fatal(err)
			}
			p.Start()
			devtest.Eventually(t, "/readyz names the standby", func() bool {
				r := a.ready()
				return r.status == 200 && r.text("status") == "degraded" && strings.Contains(r.raw, "the server is a standby")
			})
			signIn := func() answer {
				return a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
			}
			a.want(signIn(), 503, "store_unavailable")
			a.want(a.call("GET", "/v1/sessions", token, nil), 503, "store_unavailable")
			a.want(a.me(token), 200, "")
			sqlOn(t, p.URL, "SELECT pg_promote()")
			devtest.Eventually(t, "sign-in works", func() bool { return signIn().status == 201 })
			a.want(a.me(token), 200, "")
		})
	}
}

// Turkish tells i and I apart, and has a letter of its own for each.
func TestCaseOfAnAddressDoesNotMatterInAnyLocale(t *testing.T) {
	t.Parallel()
	admin := devtest.Postgres(t)
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path += "_turkish"
	name := strings.TrimPrefix(u.Path, "/")
	sqlOn(t, admin, "CREATE DATABASE "+name+" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' ENCODING 'UTF8'")
	t.Cleanup(func() {
		c, err := pgx.Connect(context.Background(), admin)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close(context.Background())
		if _, err := c.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	if out, err := runWith(t, settings{"AUTH_DB_URL": u.String()}, "schema", "apply"); err != nil {
		t.Fatalf("schema apply: %v, %s", err, out)
	}
	a := start(t, func(s settings) { s["AUTH_DB_URL"] = u.String() })
	a.register("INGRID@BOOKS.TEST", password)
	a.signIn("ingrid@books.test", password)
	if out, err := a.run("account", "create", "ingrid@books.test", "--generate"); err == nil || !strings.Contains(out, "already_exists") {
		t.Errorf("%v: %s", err, out)
	}
	a.signIn("Ingrid@books.test", password)
}
