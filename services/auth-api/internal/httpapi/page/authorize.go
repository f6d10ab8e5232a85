package page

import (
	"net/url"

	"github.com/gofiber/fiber/v2"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/oauth"
)

const (
	// anyBrowser is what a request is sealed for that an app has posted: a form from another
	// site brings no cookie (SameSite), so that its browser is not known yet. Whoever opens
	// it could have followed the app's link as well. It is no browser's secret (isBrowser).
	anyBrowser = "any"
	// postedField has a request that is sealed for anyBrowser.
	postedField = "posted"
	// maxSealed leaves room in headerLimit for cookies.
	maxSealed = 5 << 10
)

// authorize answers an app's link (RFC 6749, section 4.1.1), and says what comes next for a
// request that came back from one of our pages.
func (s *Service) authorize(c *fiber.Ctx) error {
	query, err := parse(string(c.Request().URI().QueryString()))
	if err != nil {
		return s.fail(c, err)
	}
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	// request is also the name of a parameter of RFC 9101, which comes with a client_id.
	own := query.Get("client_id") == "" && (query.Has(requestField) || query.Has(postedField))
	r, err := s.begun(c, v, query)
	if err != nil {
		return s.fail(c, err)
	}
	n, err := s.Requests.Next(v.as(c.UserContext()), r, v.person)
	if err != nil {
		return s.fail(c, err)
	}
	if n.Step == oauth.Return && !own {
		return seeOther(c, n.Location)
	}
	return s.goOn(c, v, r, n)
}

// begun returns the request of a query.
func (s *Service) begun(c *fiber.Ctx, v visit, query url.Values) (oauth.Request, error) {
	switch {
	case query.Get("client_id") != "":
	case query.Has(requestField):
		return s.Requests.Open(oauth.Sealed(query.Get(requestField)), v.browser)
	case query.Has(postedField):
		return s.Requests.Open(oauth.Sealed(query.Get(postedField)), anyBrowser)
	}
	return s.Requests.Begin(c.UserContext(), paramsOf(query))
}

// paramsOf leaves out parameters without a value: they count as missing (RFC 6749, section
// 3.1).
func paramsOf(values url.Values) oauth.Params {
	params := oauth.Params{}
	for name, all := range values {
		for _, value := range all {
			if value != "" {
				params[name] = append(params[name], value)
			}
		}
	}
	return params
}

// postAuthorize answers an app that posts its request (OpenID Connect Core, section 3.1.2.1).
// A form from another site brings no cookie, so the browser comes back with a GET.
func (s *Service) postAuthorize(c *fiber.Ctx) error {
	values, err := valuesOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	r, err := s.Requests.Begin(c.UserContext(), paramsOf(values))
	if err != nil {
		return s.fail(c, err)
	}
	sealed, err := s.seal(r, anyBrowser)
	if err != nil {
		return s.fail(c, err)
	}
	return seeOther(c, route.Authorize+"?"+postedField+"="+sealed)
}

// seal seals a request for a browser. Fault: malformed_request, if it is too large for a URL.
func (s *Service) seal(r oauth.Request, browser string) (string, error) {
	sealed, err := s.Requests.Seal(r, browser)
	if err != nil {
		return "", err
	}
	if len(sealed) > maxSealed {
		return "", fault.New(fault.MalformedRequest, "The link of the app is too long.")
	}
	return string(sealed), nil
}

// goOn sends a browser to the next of our pages, or shows it the one that leads to the app.
func (s *Service) goOn(c *fiber.Ctx, v visit, r oauth.Request, n oauth.Next) error {
	to := map[oauth.Step]string{oauth.SignIn: route.SignIn, oauth.Register: route.Register, oauth.Consent: route.Consent}[n.Step]
	if to == "" {
		return s.leave(c, n)
	}
	sealed, err := s.seal(r, v.browser)
	if err != nil {
		return s.fail(c, err)
	}
	return seeOther(c, withRequest(to, sealed))
}

// withRequest is a path of ours for a sealed request, if there is one.
func withRequest(path, sealed string) string {
	if sealed == "" {
		return path
	}
	return path + "?" + requestField + "=" + url.QueryEscape(sealed)
}

// leave is a page that leads to the app by itself, and has a link for browsers that open an
// app only if somebody presses something.
func (s *Service) leave(c *fiber.Ctx, n oauth.Next) error {
	name := nameOf(n.App, n.Location)
	return s.render(c, fiber.StatusOK, view{
		title: "Back to " + name,
		// The app need not know that it was this page.
		referrer: "no-referrer",
		head:     h.Meta(g.Attr("http-equiv", "refresh"), h.Content("0;url="+n.Location)),
		body: g.Group{
			h.H1(g.Text("Back to " + name)),
			h.P(g.Text("This page takes you there. If it does not, use the link.")),
			h.P(h.A(h.Class("button"), h.Href(n.Location), h.Rel("noreferrer"), g.Text("Continue to "+name))),
		},
	})
}
