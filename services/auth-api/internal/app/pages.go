package app

import (
	"crypto/rand"

	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/httpapi/page"
	"auth.books.test/services/auth-api/internal/oauth"
)

// pages are the parts that only the pages for people need.
func (a *App) pages(c config.Config) page.Options {
	o := page.Options{
		Requests: a.oauth, Apps: a.oauth, Words: a.offers, Clients: a.apps, Verifier: a.sessionDB.Verifier, Ring: c.ServiceRing(), Random: rand.Reader,
		Name: string(c.Name), Accent: string(c.Accent), Cookies: page.NoCookies, Hints: hints(c),
	}
	switch {
	case c.IssuerIsSecure():
		o.Cookies = page.SecureCookies
	case c.IssuerIsLoopback(), c.InsecureCookies.On:
		o.Cookies = page.PlainCookies
	}
	return o
}

// hints reads ID tokens that apps send back; nil if there are no keys, of which a nil pointer
// in an interface would say something else.
func hints(c config.Config) oauth.Hints {
	if keys := c.SigningKeys(); keys != nil {
		return keys
	}
	return nil
}
