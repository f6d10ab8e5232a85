package config

import (
	"net/netip"
	"net/url"
	"strings"

	"auth.books.test/internal/setting"
)

// PasskeyParty is the domain that passkeys are made for, and the origins of the pages that may use
// them. The domain is "" if there are no passkeys: browsers have them only over https and on
// localhost, and never for an address.
func (c *Config) PasskeyParty() (domain string, origins []string) {
	domain, origins = string(c.PasskeyRPID), c.PasskeyOrigins.List
	if len(origins) == 0 && hasPasskeys(c.Issuer.URL) {
		origins = []string{c.Issuer.URL}
	}
	if domain == "" && len(origins) > 0 {
		domain = hostOf(origins[0])
	}
	return domain, origins
}

func (c *Config) validatePasskeys(faults *setting.Faults) {
	if faults.Has("AUTH_API_PASSKEY_RP_ID") || faults.Has("AUTH_API_PASSKEY_ORIGINS") || faults.Has("AUTH_API_ISSUER") {
		return
	}
	domain, origins := c.PasskeyParty()
	if domain != "" && len(origins) == 0 {
		faults.Add("AUTH_API_PASSKEY_ORIGINS", "it is not set, and AUTH_API_ISSUER is not https:// or localhost: write the origins of the pages that use passkeys")
	}
	if domain != strings.ToLower(domain) || strings.ContainsAny(domain, ":/ ") {
		faults.Add("AUTH_API_PASSKEY_RP_ID", "it is not a domain: write it in lower case without scheme and port, such as auth.books.test")
		return
	}
	for _, origin := range origins {
		switch host := hostOf(origin); {
		case !hasPasskeys(origin):
			faults.Add("AUTH_API_PASSKEY_ORIGINS", "browsers have no passkeys at %s: write origins with https:// and a name, or http://localhost", origin)
		case host != domain && !strings.HasSuffix(host, "."+domain):
			faults.Add("AUTH_API_PASSKEY_RP_ID", "browsers refuse passkeys for %s at %s: the domain must be that of the origin, or one above it", domain, origin)
		}
	}
}

// hasPasskeys says whether browsers have passkeys at an origin.
func hasPasskeys(origin string) bool {
	host := hostOf(origin)
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return false
	}
	return strings.HasPrefix(origin, "https://") || strings.HasPrefix(origin, "http://") && isLoopback(origin)
}

func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
