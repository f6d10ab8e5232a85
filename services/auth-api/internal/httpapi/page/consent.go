package page

import (
	"context"

	"github.com/gofiber/fiber/v2"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/oauth"
)

const (
	answerField = "answer"
	allow       = "allow"
	deny        = "deny"
)

func (s *Service) showConsent(c *fiber.Ctx) error {
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	sealed := c.Query(requestField)
	r, n, err := s.next(c.UserContext(), v, sealed)
	if err != nil {
		return s.fail(c, err)
	}
	if n.Step != oauth.Consent {
		return seeOther(c, withRequest(route.Authorize, sealed))
	}
	w, err := s.Words.Words(c.UserContext(), n.Scopes)
	if err != nil {
		return s.fail(c, err)
	}
	return s.render(c, fiber.StatusOK, s.consentPage(v, r, n, w, sealed))
}

// next opens a request and says what comes next. A return is not carried out: who leaves does
// so by way of /oauth/authorize. Faults: those of Requests.Open and Requests.Next.
func (s *Service) next(ctx context.Context, v visit, sealed string) (r oauth.Request, n oauth.Next, err error) {
	if r, err = s.Requests.Open(oauth.Sealed(sealed), v.browser); err != nil {
		return r, n, err
	}
	n, err = s.Requests.Next(v.as(ctx), r, v.person)
	return r, n, err
}

// consent takes the person's answer. It counts for the browser and the session that were
// asked: the request is bound to the one, the form to both.
func (s *Service) consent(c *fiber.Ctx) error {
	f, err := s.formOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	sealed := f.Get(requestField)
	r, err := s.Requests.Open(oauth.Sealed(sealed), v.browser)
	if err != nil {
		return s.fail(c, err)
	}
	if !v.signedIn() || !s.fits(f, v.browser, v.person.Session) {
		// Somebody else is signed in by now, or nobody: ask once more.
		return seeOther(c, withRequest(route.Authorize, sealed))
	}
	switch f.Get(answerField) {
	case deny:
		n, err := s.Requests.Deny(v.as(c.UserContext()), r)
		if err != nil {
			return s.fail(c, err)
		}
		return s.leave(c, n)
	case allow:
		r.ApprovedIn = v.person.Session
	}
	if sealed, err = s.seal(r, v.browser); err != nil {
		return s.fail(c, err)
	}
	return seeOther(c, withRequest(route.Authorize, sealed))
}

func (s *Service) consentPage(v visit, r oauth.Request, n oauth.Next, w words, sealed string) view {
	name := nameOf(n.App, r.RedirectURI)
	allowed := g.Group{h.Li(g.Text("know that you have signed in"))}
	if len(n.Scopes) > 0 {
		allowed = g.Map(n.Scopes, func(scope string) g.Node { return h.Li(w.of(scope)) })
	}
	return view{title: "Let " + name + " in?", body: g.Group{
		h.H1(h.Strong(g.Text(name)), g.Text(" wants to use your "+s.Name+" account")),
		h.P(h.Class("quiet"), g.Text(placeOf(r.RedirectURI))),
		h.P(g.Text("It will be able to:")),
		h.Ul(h.Class("scopes"), allowed),
		h.P(g.Text("It will not see your password. You can end this at any time, in your account.")),
		h.P(g.Text("You are signed in as "), h.Strong(g.Text(v.person.Email)), g.Text(". "), h.A(h.Href(withRequest(route.SignIn, sealed)), g.Text("Somebody else?"))),
		// The first button is the one that a key pressed by mistake would press.
		h.Form(h.Method("post"), h.Action(route.Consent), h.Class("answers"),
			s.hidden(v, v.person.Session, sealed),
			h.Button(h.Type("submit"), h.Class("quiet"), h.Name(answerField), h.Value(deny), g.Text("No, go back")),
			h.Button(h.Type("submit"), h.Name(answerField), h.Value(allow), g.Text("Allow")),
		),
	}}
}
