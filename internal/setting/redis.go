package setting

import (
	"net"
	"net/url"
	"strings"

	"auth.books.test/verify/direct"
	"auth.books.test/verify/storeurl"
)

// Redis is the address of Redis from the settings SESSION_DB_…: a URL, or its parts.
type Redis struct {
	URL      Secret
	Host     Text
	Port     Port
	User     Text
	Password Secret
	// Master is the master's name in Sentinel. Host and Port are then those of the sentinels.
	Master Text
}

const (
	sessionDBURL      = "SESSION_DB_URL"
	sessionDBHost     = "SESSION_DB_HOST"
	sessionDBPort     = "SESSION_DB_PORT"
	sessionDBUser     = "SESSION_DB_USER"
	sessionDBPassword = "SESSION_DB_PASSWORD"
)

// defaultUser is the user that Redis assumes for a password without a user.
const defaultUser = "default"

// Check adds the faults of the URL if it is set, and otherwise those of the parts.
func (r Redis) Check(faults *Faults) {
	if faults.Has(sessionDBURL) {
		return
	}
	if r.URL.IsSet() {
		if err := direct.CheckURL(r.URL.Reveal()); err != nil {
			faults.Add(sessionDBURL, "%v", err)
		}
		return
	}
	hosts, err := storeurl.Names(string(r.Host))
	if err != nil && !faults.Has(sessionDBHost) {
		faults.Add(sessionDBHost, "%v. Example: session-db.books.test", err)
	}
	if len(hosts) > 1 && r.Master == "" {
		faults.Add(sessionDBHost, "there are several hosts: with Sentinel, set SESSION_DB_SENTINEL_MASTER; for a cluster, give SESSION_DB_URL=redis+cluster://…")
	}
	if r.Port.IsLink {
		faults.Add(sessionDBPort, LinkProblem)
	}
	if r.User != "" && r.User != defaultUser && !r.Password.IsSet() && !faults.Has(sessionDBPassword) {
		faults.Add(sessionDBUser, "it is set, and %s is not: set both, or none", sessionDBPassword)
	}
	if strings.Contains(string(r.Master), "/") {
		faults.Add("SESSION_DB_SENTINEL_MASTER", "it holds a slash: write the master's name as Sentinel's configuration has it")
	}
}

// Address is the URL, or made from the parts, which must have no faults.
func (r Redis) Address() string {
	if r.URL.IsSet() {
		return r.URL.Reveal()
	}
	u := url.URL{Scheme: "redis", Path: "/0"}
	if r.Master != "" {
		u.Scheme, u.Path = "redis+sentinel", "/"+string(r.Master)
	}
	u.Host = HostPorts(string(r.Host), r.Port.String())
	if r.Password.IsSet() {
		user := string(r.User)
		if user == defaultUser {
			user = "" // Redis before version 6 has no users.
		}
		u.User = url.UserPassword(user, r.Password.Reveal())
	}
	return u.String()
}

// HostPorts appends a port to each of the hosts, which are separated by commas.
func HostPorts(hosts, port string) string {
	names, err := storeurl.Names(hosts)
	if err != nil {
		return ""
	}
	for i, name := range names {
		names[i] = net.JoinHostPort(name, port)
	}
	return strings.Join(names, ",")
}
