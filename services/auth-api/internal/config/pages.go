package config

import (
	"strings"

	"auth.books.test/internal/setting"
)

// maxName is how many bytes the name may have that stands above each page.
const maxName = 64

func (c *Config) validatePages(faults *setting.Faults) {
	if len(c.Name) > maxName && !faults.Has("AUTH_API_NAME") {
		faults.Add("AUTH_API_NAME", "it is longer than %d bytes: write a shorter name", maxName)
	}
}

// IssuerIsSecure reports whether browsers reach the service by https.
func (c *Config) IssuerIsSecure() bool { return strings.HasPrefix(c.Issuer.URL, "https://") }

// IssuerIsLoopback reports whether only browsers on the same machine reach the service.
func (c *Config) IssuerIsLoopback() bool { return isLoopback(c.Issuer.URL) }
