package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"auth.books.test/internal/setting"
	"auth.books.test/services/auth-api/internal/config"
)

func TestPostgresURLsAreParsedAsLibpqDoes(t *testing.T) {
	for _, c := range []struct {
		url, host                string
		port                     uint16
		user, password, database string
		more                     int // other hosts, with and without TLS
	}{
		{"postgres://auth@host", "host", 5432, "auth", "", "auth", 1},
		{"POSTGRESQL://auth:p%40ss%2Fw%3Ard%3F%23%25+@host:6000/db", "host", 6000, "auth", "p@ss/w:rd?#%+", "db", 1},
		{"postgres://auth:pw@[::1]:1/db?sslmode=disable", "::1", 1, "auth", "pw", "db", 0},
		{"postgres://auth:pw@a:1,[::1],10.0.0.1:3/db?sslmode=require&target_session_attrs=read-write", "a", 1, "auth", "pw", "db", 2},
		{"postgres://auth@%2Frun%2Fpostgresql/db", "/run/postgresql", 5432, "auth", "", "db", 0},
		{"postgres:///db?host=/run/postgresql&port=6000&user=auth&password=p%20w", "/run/postgresql", 6000, "auth", "p w", "db", 0},
		{"postgres://auth@host/my%20db?application_name=a%20b+c", "host", 5432, "auth", "", "my db", 1},
	} {
		t.Run(c.url, func(t *testing.T) {
			set(t, map[string]string{"AUTH_DB_URL": c.url})
			// Only our settings say which server, user and password to use.
			for name, value := range map[string]string{"PGHOST": "elsewhere", "PGPORT": "1", "PGUSER": "other", "PGPASSWORD": "other", "PGDATABASE": "other", "PGSSLMODE": "verify-full"} {
				t.Setenv(name, value)
			}
			loaded, err := config.Load()
			if err != nil {
				t.Fatal(err)
			}
			o, err := pgxpool.ParseConfig(loaded.PostgresURL())
			if err != nil {
				t.Fatal(err)
			}
			got := o.ConnConfig
			if got.Host != c.host || got.Port != c.port || got.User != c.user || got.Password != c.password || got.Database != c.database || len(got.Fallbacks) != c.more {
				t.Errorf("%s:%d, %q, %q, %q, %d more", got.Host, got.Port, got.User, got.Password, got.Database, len(got.Fallbacks))
			}
		})
	}
}

func TestBadPostgresURLsNameTheirPart(t *testing.T) {
	for _, c := range []struct{ url, says string }{
		{"host=db user=auth password=hush", "a blank"},
		{"auth:hush@host/db", "does not begin with a scheme"},
		{"mysql://auth:hush@host/db", "the scheme is not postgres"},
		{"postgress://auth:hush@host/db", "the scheme is not postgres"},
		{"postgres://", "the user part is empty"},
		{"postgres://host/db", "the user part is empty"},
		{"postgres://:hush@host/db", "the user part is empty"},
		{"postgres://auth:hush@/db", "the host part is empty"},
		{"postgres://auth:hush@:5432/db", "the host: it is empty"},
		{"postgres://auth:hush@a,,b/db", "host 2 of 3: it is empty"},
		{"postgres://auth:hush@a:port/db", "the port is not a number"},
		{"postgres://auth:hush@a:0/db", "the port is not a number"},
		{"postgres://auth:hush@a/db/more", "the path has several parts"},
		{"postgres://auth:hu#sh@a/db", "write # as %23"},
		{"postgres://auth:hu/sh@a/db", "/ as %2F"},
		{"postgres://auth:hu@sh@a/db", "write @ as %40"},
		{"postgres://auth:hu%sh@a/db", "write % itself as %25"},
		{"postgres://auth:hush@a/db?sslmode=on", "sslmode: write one of disable"},
		{"postgres://auth:hush@a/db?SSLMODE=require", "parameter 1 after the ? is unknown"},
		{"postgres://auth:hush@a/db?sslmode=require&hush=1", "parameter 2 after the ? is unknown"},
		{"postgres://auth:hush@a/db?sslmode=require&sslmode=disable", "was there before"},
		{"postgres://auth:hush@a/db?sslrootcert=/hush", "sslrootcert: the file cannot be read"},
		{"postgres://auth:hush@a/db?sslcert=/hush", "sslcert: the file cannot be read"},
		{"postgres://auth:hush@a/db?service=hush", "parameter 1 after the ? is unknown"},
		{"postgres://auth:hush@a/db?user=hush", "the user is given twice"},
		{"postgres://auth:hush@a/db?password=hush", "the password is given twice"},
		{"postgres://auth:hush@a/db?host=b", "for the directory of a Unix socket"},
		{"postgres://auth:hush@a/db?port=1", "for the directory of a Unix socket"},
		{"postgres://auth:hush@/db?host=/run&port=hush", "the port after the ?"},
		{"postgres://auth:hush@a/db?pool_max_conns=7", "AUTH_DB_MAX_CONNECTIONS"},
		{"postgres://auth:hush@a/db?connect_timeout=3s", "connect_timeout: write a whole number"},
		{"postgres://auth:hush@a/db?target_session_attrs=hush", "target_session_attrs: write one of"},
	} {
		t.Run(c.url, func(t *testing.T) {
			set(t, map[string]string{"AUTH_DB_URL": c.url})
			_, err := config.LoadAuthDB()
			if err == nil || !strings.HasPrefix(err.Error(), "AUTH_DB_URL: ") || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), ". Example: postgres://") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want … %s … Example", err, c.says)
			}
			if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "sh@")) {
				t.Errorf("shows a secret: %v", err)
			}
		})
	}
}

func TestBadPartsOfPostgresAreNamed(t *testing.T) {
	for _, c := range []struct{ variable, value, says string }{
		{"AUTH_DB_HOST", "postgres://auth:hush@db/auth", "colons"},
		{"AUTH_DB_HOST", "db:5432", "a port is a setting of its own"},
		{"AUTH_DB_HOST", "[::1]:5432", "a port is a setting of its own"},
		{"AUTH_DB_HOST", "10.0.0.256", "not an IPv4 address"},
		{"AUTH_DB_HOST", "a,", "host 2 of 2: it is empty"},
		{"AUTH_DB_HOST", "a b", "not a host name"},
		{"AUTH_DB_USER", " auth", "begins or ends with a blank"},
		{"AUTH_DB_NAME", "au\nth", "control character"},
		{"AUTH_DB_SSLMODE", "REQUIRE", "write one of disable"},
		{"AUTH_DB_PASSWORD", "hu\nsh", "several lines"},
		{"SESSION_DB_HOST", "redis://host", "write the name or address alone"},
		{"SESSION_DB_HOST", "::1,host:1", "host 2 of 2"},
		{"SESSION_DB_SENTINEL_MASTER", "a/0", "a slash"},
	} {
		t.Run(c.variable+"="+c.value, func(t *testing.T) {
			set(t, map[string]string{c.variable: c.value})
			_, err := config.Load()
			if err == nil || !strings.HasPrefix(err.Error(), c.variable+": ") || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hush") {
				t.Errorf("%v, want %s: … %s", err, c.variable, c.says)
			}
		})
	}
	for _, host := range []string{"::1", "[::1]", "/run/postgresql", "a, b", "fe80::1%eth0"} {
		set(t, map[string]string{"AUTH_DB_HOST": host})
		c, err := config.Load()
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if _, err := pgxpool.ParseConfig(c.PostgresURL()); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// A fault in libpq's variables is not blamed on our settings, which may not even be set.
func TestFaultsOfLibpqsVariablesNameThem(t *testing.T) {
	noPEM := filepath.Join(t.TempDir(), "hush")
	write(t, noPEM, "no certificate")
	for variable, values := range map[string][]string{
		"PGSSLROOTCERT": {"/missing", noPEM, filepath.Dir(noPEM)}, "PGSSLCERT": {"/missing", noPEM}, "PGSSLKEY": {"/missing", noPEM},
		"PGSERVICE": {"prod"}, "PGSERVICEFILE": {"/missing"}, "PGSSLCERTMODE": {"maybe"}, "PGSSLNEGOTIATION": {"maybe"}, "PGSSLSNI": {"yes"}, "PGCHANNELBINDING": {"maybe"},
		"PGCONNECT_TIMEOUT": {"soon", "3s"}, "PGTARGETSESSIONATTRS": {"best"}, "PGMINPROTOCOLVERSION": {"4"}, "PGMAXPROTOCOLVERSION": {"2"},
	} {
		for _, value := range values {
			for how, given := range map[string]map[string]string{
				"parts": nil, "URL": {"AUTH_DB_URL": "postgres://auth:hush@db/auth", "AUTH_DB_USER": "", "AUTH_DB_PASSWORD": ""},
			} {
				t.Run(variable+"="+filepath.Base(value)+" beside "+how, func(t *testing.T) {
					set(t, given)
					t.Setenv(variable, value)
					for _, load := range []func() (config.Config, error){func() (config.Config, error) { return config.Load() }, config.LoadAuthDB} {
						_, err := load()
						if err == nil || !strings.HasPrefix(err.Error(), variable+": ") || !strings.Contains(err.Error(), "unset it") || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hush") {
							t.Errorf("got %v, want one line of %s", err, variable)
						}
					}
				})
			}
		}
	}
	set(t, nil)
	t.Setenv("PGMINPROTOCOLVERSION", "3.2")
	t.Setenv("PGMAXPROTOCOLVERSION", "3.0")
	if _, err := config.LoadAuthDB(); err == nil || !strings.HasPrefix(err.Error(), "PGMINPROTOCOLVERSION, PGMAXPROTOCOLVERSION: the Postgres driver refuses this combination") {
		t.Errorf("got %v", err)
	}
	_ = os.Unsetenv("PGMINPROTOCOLVERSION")
	_ = os.Unsetenv("PGMAXPROTOCOLVERSION")
	for _, harmless := range []string{"PGHOST", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE", "PGTZ", "PGAPPNAME"} {
		t.Setenv(harmless, "hush")
	}
	t.Setenv("PGSSLROOTCERT", "system")
	if _, err := config.Load(); err != nil {
		t.Error(err)
	}
}

// Every secret is put in every place that can be wrong: no message holds any part of it.
func TestNoMessageHoldsAPartOfASecret(t *testing.T) {
	const secret = "Xq7Zw3"
	odd := []string{"%s", "%s#1", "a/%s", "a?%s", "a@%s", "%s%%zz", ":%s", "%s:", "%s,%s", " %s ", "%s\n%s", "\ufeff%s", "k1:%s", "%s:k1", "postgres://%s", "postgres://a:b/%s@h", "redis://:%s#x@h", "redis://:%s/x@h:1", "https://a:%s@h", "10.0.0.1/%s", "tcp://%s", "%s=%s", "[%s]", "*%s"}
	for _, name := range setting.Names(&config.Config{}) {
		set(t, nil)
		for _, form := range odd {
			value := strings.ReplaceAll(strings.ReplaceAll(form, "%s", secret), "%%", "%")
			t.Setenv(name, value)
			if _, err := config.Load(); err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s=%q: %v", name, value, err)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	for _, form := range odd {
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(form, "%s", secret)), 0o600); err != nil {
			t.Fatal(err)
		}
		for name := range secrets(t) {
			set(t, map[string]string{name: "", name + "_FILE": file})
			if _, err := config.Load(); err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s_FILE of %q: %v", name, form, err)
			}
		}
	}
}
