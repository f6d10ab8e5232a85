package config_test

import (
	"slices"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/config"
)

func TestPasskeysAreMadeForTheDomainOfTheIssuer(t *testing.T) {
	for name, c := range map[string]struct {
		env     map[string]string
		domain  string
		origins []string
	}{
		"no issuer":             {nil, "", nil},
		"https":                 {map[string]string{"AUTH_API_ISSUER": "https://auth.books.test:8443"}, "auth.books.test", []string{"https://auth.books.test:8443"}},
		"localhost":             {map[string]string{"AUTH_API_ISSUER": "http://localhost:8000"}, "localhost", []string{"http://localhost:8000"}},
		"an address":            {map[string]string{"AUTH_API_ISSUER": "http://127.0.0.1:8000"}, "", nil},
		"an address with https": {map[string]string{"AUTH_API_ISSUER": "https://192.0.2.1"}, "", nil},
		"http":                  {map[string]string{"AUTH_API_ISSUER": "http://auth.books.test"}, "", nil},
		"a domain above": {map[string]string{"AUTH_API_ISSUER": "https://auth.books.test", "AUTH_API_PASSKEY_RP_ID": "books.test"},
			"books.test", []string{"https://auth.books.test"}},
		"pages of one's own": {map[string]string{"AUTH_API_PASSKEY_ORIGINS": "https://shop.books.test,https://books.test", "AUTH_API_PASSKEY_RP_ID": "books.test"},
			"books.test", []string{"https://shop.books.test", "https://books.test"}},
	} {
		set(t, c.env)
		loaded, err := config.Load()
		if domain, origins := loaded.PasskeyParty(); err != nil || domain != c.domain || !slices.Equal(origins, c.origins) {
			t.Errorf("%s: %q, %q, %v", name, domain, origins, err)
		}
	}
}

func TestDomainThatNoBrowserAcceptsIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		says string
	}{
		"another domain":  {map[string]string{"AUTH_API_ISSUER": "https://auth.books.test", "AUTH_API_PASSKEY_RP_ID": "shop.test"}, "AUTH_API_PASSKEY_RP_ID: browsers refuse"},
		"the end of one":  {map[string]string{"AUTH_API_ISSUER": "https://auth.books.test", "AUTH_API_PASSKEY_RP_ID": "ooks.test"}, "AUTH_API_PASSKEY_RP_ID: browsers refuse"},
		"with a port":     {map[string]string{"AUTH_API_ISSUER": "https://auth.books.test", "AUTH_API_PASSKEY_RP_ID": "auth.books.test:443"}, "it is not a domain"},
		"no origin":       {map[string]string{"AUTH_API_PASSKEY_RP_ID": "books.test"}, "AUTH_API_PASSKEY_ORIGINS: it is not set"},
		"an origin, http": {map[string]string{"AUTH_API_PASSKEY_ORIGINS": "http://books.test"}, "AUTH_API_PASSKEY_ORIGINS: browsers have no passkeys"},
	} {
		set(t, c.env)
		if _, err := config.Load(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
