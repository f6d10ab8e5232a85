package client

import (
	"net/url"
	"slices"
	"strings"

	"auth.books.test/services/auth-api/internal/fault"
)

// maxURI is how many bytes a registered URI may have.
const maxURI = 512

// loopbacks are the hosts of a person's own device (RFC 8252, section 7.3). RFC 8252 advises
// against localhost, but many programs use it.
func loopbacks() []string { return []string{"127.0.0.1", "[::1]", "localhost"} }

// AllowsRedirect says whether people may be sent to the URI with a code. It is compared byte
// by byte, since whatever parses URIs can be misled (RFC 9700, section 2.1); but for the port
// of a native client's loopback address, which it cannot know before (RFC 8252, section 7.3).
func (a App) AllowsRedirect(uri string) bool {
	return slices.ContainsFunc(a.RedirectURIs, func(registered string) bool {
		if uri == registered {
			return true
		}
		given, isGiven := withoutPort(uri)
		known, isKnown := withoutPort(registered)
		return a.Native && isGiven && isKnown && given == known
	})
}

// IsOnDevice says whether any program on the person's device could take the answer that is
// sent to the URI: a loopback address, or a scheme of an app.
func IsOnDevice(uri string) bool {
	_, loopback := withoutPort(uri)
	return loopback || !strings.HasPrefix(uri, "https://")
}

// withoutPort cuts the port out of an http URI of a loopback address. It compares bytes, and
// parses nothing.
func withoutPort(uri string) (rest string, loopback bool) {
	for _, host := range loopbacks() {
		origin := "http://" + host
		path, found := strings.CutPrefix(uri, origin)
		if !found {
			continue
		}
		if port, found := strings.CutPrefix(path, ":"); found {
			path = strings.TrimLeft(port, "0123456789")
			if len(port)-len(path) < 1 || len(port)-len(path) > 5 {
				return "", false
			}
		}
		if path == "" || path[0] == '/' || path[0] == '?' {
			return origin + path, true
		}
	}
	return "", false
}

// checkRedirect refuses what may not be registered: anything that could lead elsewhere than
// to the app. Fault: validation_failed.
func checkRedirect(field, uri string, native bool) error {
	invalid := func(detail string) error { return fault.Invalid(field, "not_a_redirect_uri", detail) }
	switch {
	case uri == "" || len(uri) > maxURI:
		return invalid("Write a URI of at most 512 bytes.")
	case strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\\\"<>^`{|}", r) }):
		return invalid("Write the URI in ASCII, with everything else percent-encoded.")
	case strings.Contains(uri, "#"):
		return invalid("A redirect URI has no fragment (RFC 6749, section 3.1.2).")
	case strings.Contains(uri, "*"):
		return invalid("There are no wildcards: register each redirect URI.")
	}
	parsed, err := url.Parse(uri)
	if err != nil || parsed.User != nil || parsed.Opaque != "" && parsed.Scheme == "https" {
		return invalid("Write a URI such as https://app.example/callback, without a user.")
	}
	_, loopback := withoutPort(uri)
	switch {
	case strings.HasPrefix(uri, "https://") && parsed.Hostname() != "":
		return nil
	case loopback:
		return nil
	case strings.HasPrefix(uri, "http:"):
		return invalid("Use https. Only 127.0.0.1, [::1] and localhost may use http.")
	// RFC 8252, section 7.1: a scheme is a domain name of the app's owner in reverse. So
	// neither javascript nor data nor file can be registered.
	case native && strings.Contains(parsed.Scheme, ".") && strings.HasPrefix(uri, parsed.Scheme+":"):
		return nil
	case native:
		return invalid("Use https, http on a loopback address, or a scheme that is a reversed domain name, such as org.example.app:/callback.")
	}
	return invalid("Use https, or http on a loopback address. Schemes of apps are for native clients.")
}
