package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"auth.books.test/internal/setting"
	"auth.books.test/verify/storeurl"
)

const postgresExample = "postgres://auth:password@db.books.test:5432/auth?sslmode=verify-full"

func (c *Config) validatePostgres(faults *setting.Faults) {
	before := len(*faults)
	switch {
	case faults.Has("AUTH_DB_URL"):
	case c.AuthDBURL.IsSet():
		if _, err := parsePostgres(c.AuthDBURL.Reveal()); err != nil {
			faults.Add("AUTH_DB_URL", "%v. Example: %s", err, postgresExample)
		}
	default:
		c.validatePostgresParts(faults)
	}
	if faults.Has("AUTH_DB_URL", "AUTH_DB_HOST", "AUTH_DB_PORT", "AUTH_DB_USER", "AUTH_DB_PASSWORD", "AUTH_DB_NAME", "AUTH_DB_SSLMODE") {
		return
	}
	p := c.postgres()
	checkLibpq(p, faults)
	if len(*faults) > before {
		return
	}
	pool, err := pgxpool.ParseConfig(p.String())
	if err != nil {
		// Do not repeat pgx's error: it may hold parts of the URL.
		c.addRefusal(p, faults)
		return
	}
	pool.MaxConns = int32(c.AuthDBConns.Value)
	c.parsed.postgres = pool
}

// addRefusal adds a fault for the settings whose combination the driver refuses.
func (c *Config) addRefusal(p postgres, faults *setting.Faults) {
	const problem = "the Postgres driver refuses this combination, for example a certificate without its key, or a lowest version above the highest: change it, or unset it"
	switch taken := takenFromLibpq(p); {
	case len(taken) > 0:
		faults.Add(strings.Join(taken, ", "), problem)
	case c.AuthDBURL.IsSet():
		faults.Add("AUTH_DB_URL", problem)
	default:
		faults.Add("HOME", "the Postgres driver cannot use the certificates and keys in ~/.postgresql: replace them, or set HOME to another directory")
	}
}

func (c *Config) validatePostgresParts(faults *setting.Faults) {
	if c.AuthDBUser == "" && !faults.Has("AUTH_DB_USER") {
		faults.Add("AUTH_DB_USER", "it is not set: set it, or AUTH_DB_URL")
	}
	if c.AuthDBPort.IsLink {
		faults.Add("AUTH_DB_PORT", setting.LinkProblem)
	}
	if _, err := storeurl.Names(string(c.AuthDBHost)); err != nil && !isSocket(string(c.AuthDBHost)) && !faults.Has("AUTH_DB_HOST") {
		faults.Add("AUTH_DB_HOST", "%v. Example: db.books.test", err)
	}
}

// isSocket says whether a host is the directory of a Unix socket.
func isSocket(host string) bool { return strings.HasPrefix(host, "/") }

// PostgresURL is AUTH_DB_URL, or made from its parts. It is complete, so that libpq's
// variables cannot change the host, the user or the TLS mode.
func (c *Config) PostgresURL() string { return c.postgres().String() }

func (c *Config) postgres() postgres {
	if c.AuthDBURL.IsSet() {
		p, _ := parsePostgres(c.AuthDBURL.Reveal())
		return p
	}
	p := postgres{user: string(c.AuthDBUser), password: c.AuthDBPassword.Reveal(), database: string(c.AuthDBName), params: url.Values{"sslmode": {string(c.AuthDBSSLMode)}}}
	if isSocket(string(c.AuthDBHost)) {
		p.setSocket(string(c.AuthDBHost), c.AuthDBPort.String())
	} else {
		p.hosts = setting.HostPorts(string(c.AuthDBHost), c.AuthDBPort.String())
	}
	return p
}

// postgres are the parts of a Postgres URL.
type postgres struct {
	user, password, database string
	// hosts are host:port, separated by commas; empty with a socket.
	hosts string
	// params are checked; each has one value.
	params url.Values
}

func (p *postgres) setSocket(directory, port string) {
	p.params.Set("host", directory)
	p.params.Set("port", port)
}

// String is the whole URL.
func (p postgres) String() string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(p.user, p.password), Host: p.hosts, Path: "/" + p.database}
	params := maps.Clone(p.params)
	if p.password == "" { // An explicit empty password keeps the driver from using PGPASSWORD.
		u.User = url.User(p.user)
		params.Set("password", "")
	}
	// The driver does not decode a plus sign as a blank.
	u.RawQuery = strings.ReplaceAll(params.Encode(), "+", "%20")
	return u.String()
}

// parsePostgres parses a URL as libpq does, except that missing parts are errors: libpq
// would take them from elsewhere. The error repeats nothing of the URL.
func parsePostgres(raw string) (postgres, error) {
	u, err := storeurl.Parse(raw)
	if err != nil {
		return postgres{}, err
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return postgres{}, errors.New("the scheme is not postgres: write postgres://user:password@host:5432/auth")
	}
	p := postgres{params: url.Values{}}
	if err := p.setParams(u); err != nil {
		return postgres{}, err
	}
	for _, part := range []struct {
		name, given string
		to          *string
		param       string
	}{{"user", u.User, &p.user, "user"}, {"password", u.Password, &p.password, "password"}, {"database", u.Path, &p.database, "dbname"}} {
		*part.to = part.given
		if other := p.params.Get(part.param); other != "" {
			if part.given != "" {
				return postgres{}, fmt.Errorf("the %s is given twice, before and after the ?", part.name)
			}
			*part.to = other
			p.params.Del(part.param)
		}
	}
	switch {
	case p.user == "":
		return postgres{}, errors.New("the user part is empty")
	case strings.Contains(u.Path, "/"):
		return postgres{}, errors.New("the path has several parts: write only the name of the database")
	case p.database == "":
		p.database = p.user // as libpq does
	}
	return p, p.setHosts(u)
}

func (p *postgres) setHosts(u storeurl.URL) (err error) {
	socket, port := p.params.Get("host"), p.params.Get("port")
	if encoded := strings.ToLower(u.Hosts); strings.HasPrefix(encoded, "%2f") && socket == "" {
		if socket, err = url.PathUnescape(u.Hosts); err != nil {
			return errors.New("the directory of the socket is not percent-encoded correctly")
		}
		u.Hosts = ""
	}
	if socket == "" && port == "" {
		hosts, err := storeurl.Hosts(u.Hosts, 5432)
		p.hosts = strings.Join(hosts, ",")
		return err
	}
	if u.Hosts != "" || !isSocket(socket) {
		return errors.New("host and port after the ? are only for the directory of a Unix socket: write a host name before the path")
	}
	if port == "" {
		port = "5432"
	}
	if _, err := storeurl.ParsePort(port); err != nil {
		return errors.New("the port after the ? is not a number from 1 to 65535")
	}
	p.setSocket(socket, port)
	return nil
}

func (p *postgres) setParams(u storeurl.URL) error {
	known := []string{"user", "password", "dbname", "host", "port"}
	for _, l := range libpq() {
		known = append(known, l.param)
	}
	if u.Params["pool_max_conns"] != "" {
		return errors.New("pool_max_conns: leave it out, and set AUTH_DB_MAX_CONNECTIONS")
	}
	if err := u.Unknown(known...); err != nil {
		return err
	}
	for name, value := range u.Params {
		p.params.Set(name, value)
	}
	for _, l := range libpq() {
		if value := p.params.Get(l.param); value != "" {
			if err := l.check(value); err != nil {
				return fmt.Errorf("%s: %w", l.param, err)
			}
		}
	}
	if !p.params.Has("sslmode") {
		p.params.Set("sslmode", "prefer")
	}
	return nil
}

// sslMode is a value of libpq's sslmode.
type sslMode string

// Decode accepts libpq's six values.
func (m *sslMode) Decode(text string) error {
	*m = sslMode(text)
	return oneOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full")(text)
}

func oneOf(known ...string) func(string) error {
	return func(text string) error {
		if !slices.Contains(known, text) {
			return errors.New("write one of " + strings.Join(known, ", "))
		}
		return nil
	}
}

// checkLibpq adds a fault for each libpq variable that the driver would use but cannot.
func checkLibpq(p postgres, faults *setting.Faults) {
	for _, name := range []string{"PGSERVICE", "PGSERVICEFILE"} {
		if os.Getenv(name) != "" {
			faults.Add(name, "service files are not supported: unset it, and set AUTH_DB_URL, or AUTH_DB_HOST and the other parts")
		}
	}
	taken := takenFromLibpq(p)
	for _, l := range libpq() {
		if slices.Contains(taken, l.variable) {
			if err := l.check(os.Getenv(l.variable)); err != nil {
				faults.Add(l.variable, "%v, or unset it", err)
			}
		}
	}
}

// takenFromLibpq are the libpq variables that the driver would use.
func takenFromLibpq(p postgres) (names []string) {
	for _, l := range libpq() {
		value, set := os.LookupEnv(l.variable)
		// PGSSLCERTMODE is the only variable that the driver uses even if it is empty.
		if (value != "" || set && l.variable == "PGSSLCERTMODE") && !p.params.Has(l.param) {
			names = append(names, l.variable)
		}
	}
	return names
}
