package page

import (
	"context"
	"net/url"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/device"
)

// Words says what scopes of APIs let an app do; resource.Store implements it.
type Words interface {
	Words(ctx context.Context, scopes []string) (map[string]string, error)
}

// words are what APIs say of their scopes.
type words map[string]string

// of ends the sentence "It will be able to".
func (w words) of(scope string) g.Node {
	switch scope {
	case authorization.ScopeOpenID:
		return g.Text("know who you are, by an identifier that never changes")
	case authorization.ScopeProfile:
		return g.Text("see your name")
	case authorization.ScopeEmail:
		return g.Text("see your e-mail address")
	case authorization.ScopeGroups:
		return g.Text("see which roles you have")
	case authorization.ScopeOfflineAccess:
		return g.Text("stay connected when you have signed out, until you end it")
	case authorization.ScopeAccount:
		return g.Text("change and delete your account, and end your sign-ins")
	}
	if text := w[scope]; text != "" {
		return g.Text(text)
	}
	return g.Group{g.Text("use "), h.Code(g.Text(scope)), g.Text(" for you")}
}

// nameOf is what an app is called: the host of its redirect URI if it has no name.
func nameOf(app client.App, redirect string) string {
	if app.Name != "" {
		return app.Name
	}
	if u, err := url.Parse(redirect); err == nil && u.Host != "" {
		return u.Host
	}
	return "the app"
}

// placeOf says where an app is, so that people notice one that has borrowed a name.
func placeOf(redirect string) string {
	u, err := url.Parse(redirect)
	switch {
	case err != nil:
		return ""
	case client.IsOnDevice(redirect) && strings.HasPrefix(redirect, "http:"):
		return "A program on this device, at " + u.Host
	case client.IsOnDevice(redirect):
		return "A program on this device, " + u.Scheme
	}
	return u.Host
}

// deviceOf names a device by its user agent, which is all that is known of it.
func deviceOf(agent string) string {
	browser, system := device.Names(agent)
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser+system != "":
		return browser + system
	case agent == "":
		return "An unknown program"
	}
	// A program names itself first: curl/8.5.0.
	name, _, _ := strings.Cut(agent, " ")
	if len(name) > 32 {
		name = name[:32]
	}
	return strings.ToValidUTF8(name, "")
}
