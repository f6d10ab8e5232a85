package setting

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	// The names of hosts as browsers write them (UTS #46); the Go project's own.
	"golang.org/x/net/idna"

	"auth.books.test/verify/storeurl"
)

// Origin is the scheme, host and port of a web address, as browsers write them:
// in lower case and punycode, without the scheme's own port.
type Origin struct{ URL string }

// Decode parses an origin such as https://auth.books.test; http is accepted as well.
func (o *Origin) Decode(text string) error {
	serialized, err := serialize(text)
	if err != nil {
		return fmt.Errorf("it %w. Write a URL without a path, such as https://auth.books.test", err)
	}
	o.URL = serialized
	return nil
}

func (o Origin) String() string { return o.URL }

// BaseURL is the address of a web service, perhaps with a path before all its routes.
type BaseURL string

// Decode parses an http or https URL, whose path may have no parameters.
func (u *BaseURL) Decode(text string) error {
	scheme, rest, _ := strings.Cut(text, "://")
	host, path, hasPath := strings.Cut(rest, "/")
	origin, err := serialize(scheme + "://" + host)
	if parsed, pathErr := url.Parse(origin + "/" + path); err == nil && (pathErr != nil || parsed.Path != "/"+path || strings.ContainsAny(path, " @?#\\")) {
		err = errors.New("has a path with parameters or special characters")
	}
	if err != nil {
		return fmt.Errorf("it %w. Write a URL such as https://auth.books.test, without user and parameters", err)
	}
	*u = BaseURL(origin)
	if hasPath {
		*u += BaseURL("/" + path)
	}
	return nil
}

// Origins is a list of origins of web pages, separated by commas.
type Origins struct{ List []string }

// Decode parses web origins, and those that apps and browser extensions send.
func (o *Origins) Decode(text string) error {
	entries, err := List(text)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		serialized, err := serialize(entry)
		if app, ok := appOrigin(entry); ok {
			serialized, err = app, nil
		}
		if err != nil {
			return fmt.Errorf("entry %d is not an origin: it %w. Write each in full, such as https://books.test; there is no wildcard", i+1, err)
		}
		if !slices.Contains(o.List, serialized) {
			o.List = append(o.List, serialized)
		}
	}
	return nil
}

func (o Origins) String() string { return strings.Join(o.List, ",") }

// appOrigin is the origin of pages in an app or a browser extension. The list of schemes is
// closed, so that a misspelt one is a fault.
func appOrigin(text string) (string, bool) {
	scheme, host, found := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	known := []string{"capacitor", "ionic", "tauri", "chrome-extension", "moz-extension", "safari-web-extension"}
	return scheme + "://" + host, found && slices.Contains(known, scheme) && strings.Count(host, ":") == 0 && storeurl.CheckHost(host) == nil
}

// serialize writes an origin as browsers do (HTML standard, section 7.1.1).
func serialize(text string) (string, error) {
	scheme, rest, found := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	port, known := map[string]string{"http": "80", "https": "443"}[scheme]
	switch {
	case text == "null":
		return "", errors.New("is null, which every sandboxed page and every file sends")
	case strings.Contains(text, "*"):
		return "", errors.New("has a *")
	case !found || !known:
		return "", errors.New("does not begin with https:// or http://")
	case strings.Contains(rest, "@"):
		return "", errors.New("has a user or an @")
	case strings.ContainsAny(rest, "?#"):
		return "", errors.New("has a ? or a #")
	case strings.Contains(rest, "/"):
		return "", errors.New("has a slash behind the host: leave it out, and any path")
	}
	host, digits, hasPort := rest, "", false
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.HasSuffix(rest, "]") {
		host, digits, hasPort = rest[:i], rest[i+1:], true
	}
	if _, err := storeurl.ParsePort(digits); hasPort && err != nil {
		return "", errors.New("has a port that is not a number from 1 to 65535")
	}
	host, err := serializeHost(host)
	if err != nil {
		return "", err
	}
	if hasPort && digits != port {
		host += ":" + digits
	}
	return scheme + "://" + host, nil
}

func serializeHost(host string) (string, error) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		address, err := netip.ParseAddr(inner)
		if err != nil || !closed || !address.Is6() || address.Zone() != "" {
			return "", errors.New("has brackets and in them no IPv6 address")
		}
		if address.Is4In6() { // Browsers write the last 32 bits in hexadecimal as well.
			b := address.As16()
			return fmt.Sprintf("[::ffff:%x:%x]", uint(b[12])<<8|uint(b[13]), uint(b[14])<<8|uint(b[15])), nil
		}
		return "[" + address.String() + "]", nil
	}
	host = strings.ToLower(host)
	if !isASCII(host) {
		var err error
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return "", errors.New("has a host that cannot be written in punycode")
		}
	}
	if strings.Contains(host, ":") || storeurl.CheckHost(host) != nil {
		return "", errors.New("has a host that is neither a name nor an address")
	}
	return host, nil
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e }) }
