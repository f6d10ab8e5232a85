package page

import (
	"github.com/gofiber/fiber/v2"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/oauth"
)

// signOut ends the browser's session. The device stays known: wrong passwords of strangers
// must not keep it from signing in.
func (s *Service) signOut(c *fiber.Ctx) error {
	f, err := s.formOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	if v.signedIn() {
		if !s.fits(f, v.browser, v.person.Session) {
			return seeOther(c, stale.on(route.Account))
		}
	}
	to, err := s.farewell(c.UserContext(), f.Values)
	if err != nil {
		return s.fail(c, err)
	}
	if err := s.endBrowser(c, v); err != nil {
		return s.fail(c, err)
	}
	if to.uri == "" {
		return seeOther(c, route.SignedOut)
	}
	return s.leave(c, oauth.Next{App: to.app, Location: to.location()})
}

func (s *Service) signedOut(c *fiber.Ctx) error {
	return s.render(c, fiber.StatusOK, view{title: "You are signed out", body: g.Group{
		h.H1(g.Text("You are signed out")),
		h.P(g.Text("Apps that you signed in to with this browser have lost their access, unless you let them stay connected.")),
		h.P(h.A(h.Href(route.SignIn), g.Text("Sign in again"))),
	}})
}
