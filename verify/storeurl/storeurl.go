// Package storeurl parses the URLs of stores, such as redis:// and postgres://. Unlike
// net/url it accepts several hosts of every address family, and its errors say which part
// is wrong and what to write instead. They hold no part of the URL: if a character was not
// escaped, any part may be the end of a password.
package storeurl

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// URL is scheme://user:password@hosts/path?parameters.
type URL struct {
	// Scheme is in lower case.
	Scheme string
	// HasUser is true if there is an @, HasPassword if there is a colon before it.
	HasUser, HasPassword bool
	User, Password       string
	// Hosts is the list of hosts, not yet parsed; see the function Hosts.
	Hosts string
	// Path is decoded and has no leading slash.
	Path string
	// Params are decoded; a plus sign stays a plus sign. Names has their order.
	Params map[string]string
	Names  []string
}

var (
	errEscape = errors.New("a % must be followed by two hexadecimal digits: write % itself as %25")
	errNUL    = errors.New("it holds %00, which no store accepts")
	errAt     = errors.New("there are two @, or one after the hosts: in the user, the password and parameters write @ as %40, / as %2F, ? as %3F and # as %23")
)

// Parse splits a URL into its parts. It does not parse the list of hosts. With an error it
// returns at least the scheme, if there is one.
func Parse(raw string) (URL, error) {
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return URL{}, errors.New("it holds a blank or a line break: write a blank in the password as %20, and put no quotation marks around the URL")
	}
	scheme, rest, found := strings.Cut(raw, "://")
	if !found || strings.ContainsAny(scheme, ":@/?#") {
		return URL{}, errors.New("it does not begin with a scheme and ://")
	}
	u := URL{Scheme: strings.ToLower(scheme), Params: map[string]string{}}
	if strings.Contains(rest, "#") {
		return u, errors.New("it holds a #: write # as %23")
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if strings.Contains(tail, "@") || strings.Count(authority, "@") > 1 {
		return u, errAt
	}
	path, query, _ := strings.Cut(tail, "?")
	u.Hosts = authority
	if user, hosts, found := strings.Cut(authority, "@"); found {
		u.HasUser, u.Hosts = true, hosts
		u.User, u.Password, u.HasPassword = strings.Cut(user, ":")
	}
	u.Path = strings.TrimPrefix(path, "/")
	for _, part := range []*string{&u.User, &u.Password, &u.Path} {
		if err := decode(part); err != nil {
			return u, err
		}
	}
	return u, u.parseParams(query)
}

func (u *URL) parseParams(query string) error {
	if query == "" {
		return nil
	}
	for i, pair := range strings.Split(query, "&") {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" || value == "" {
			return fmt.Errorf("parameter %d after the ? is not name=value: write & in a value as %%26, and leave out empty parameters", i+1)
		}
		if err := errors.Join(decode(&name), decode(&value)); err != nil {
			return errEscape
		}
		if _, twice := u.Params[name]; twice {
			return fmt.Errorf("parameter %d after the ? was there before: give each once", i+1)
		}
		u.Params[name] = value
		u.Names = append(u.Names, name)
	}
	return nil
}

// Unknown returns an error if there are other parameters than the known ones.
func (u URL) Unknown(known ...string) error {
	for i, name := range u.Names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("parameter %d after the ? is unknown: known are %s", i+1, strings.Join(known, ", "))
		}
	}
	return nil
}

// decode decodes %XX. A plus sign stays a plus sign.
func decode(s *string) error {
	decoded, err := url.PathUnescape(*s)
	if err != nil {
		return errEscape
	}
	if strings.ContainsRune(decoded, 0) {
		return errNUL
	}
	*s = decoded
	return nil
}
