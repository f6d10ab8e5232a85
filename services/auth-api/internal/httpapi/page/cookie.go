package page

import (
	"encoding/base64"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Cookies says how cookies are protected, which depends on how browsers reach the service.
type Cookies int

// The closed set of protections.
const (
	// SecureCookies are sent over https only. Their prefix __Host- keeps other hosts of the
	// domain from planting them (RFC 6265bis, section 4.1.3.2).
	SecureCookies Cookies = iota
	// PlainCookies are for http on a loopback address, where some browsers drop secure ones,
	// and for clusters on a laptop.
	PlainCookies
	// NoCookies: whoever reads the network could take a session. Each page says so.
	NoCookies
)

// cookie names a cookie.
type cookie string

const (
	// sessionCookie has a browser token: who is signed in.
	sessionCookie cookie = "session"
	// browserCookie has a secret that tells browsers apart: forms and sealed requests are
	// bound to it.
	browserCookie cookie = "browser"
	// deviceCookie has the device token of the last sign-in, for the limits.
	deviceCookie cookie = "device"
	// stepCookie has the handle of a sign-in that waits for its second step.
	stepCookie cookie = "step"
)

const (
	// longest is the longest that browsers keep a cookie (RFC 6265bis, section 5.5).
	longest     = 400 * 24 * time.Hour
	browserSize = 32
)

func (k Cookies) name(of cookie) string {
	if k == SecureCookies {
		return "__Host-" + string(of)
	}
	return "auth-" + string(of)
}

// set sets a cookie. It has a Max-Age, without which iOS does not share it with the browser
// views of apps.
func (k Cookies) set(c *fiber.Ctx, of cookie, value string, life time.Duration) {
	c.Cookie(&fiber.Cookie{
		Name: k.name(of), Value: value, Path: "/", MaxAge: max(1, int(life/time.Second)),
		Secure: k == SecureCookies, HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode,
	})
}

func (k Cookies) clear(c *fiber.Ctx, of cookie) {
	c.Cookie(&fiber.Cookie{
		Name: k.name(of), Path: "/", Expires: time.Unix(1, 0), Secure: k == SecureCookies, HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode,
	})
}

func (k Cookies) get(c *fiber.Ctx, of cookie) string { return c.Cookies(k.name(of)) }

// isBrowser says whether a value has the form of those that this service makes.
func isBrowser(value string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(value)
	return err == nil && len(raw) == browserSize && len(value) == base64.RawURLEncoding.EncodedLen(browserSize)
}
