package page

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/httpapi/route"
)

func (s *Service) showRegister(c *fiber.Ctx) error {
	v, a, err := s.visitFor(c)
	if err != nil {
		return s.fail(c, err)
	}
	if !s.Registration.Open {
		return s.render(c, fiber.StatusForbidden, s.closedPage(a))
	}
	return s.render(c, fiber.StatusOK, s.registerPage(v, a, a.request.LoginHint, nil))
}

// register mails a code. The answer is the same whether the address has an account or not.
func (s *Service) register(c *fiber.Ctx) error {
	f, v, a, err := s.formFor(c)
	if err != nil {
		return s.fail(c, err)
	}
	if !s.Registration.Open {
		return s.render(c, fiber.StatusForbidden, s.closedPage(a))
	}
	email := strings.TrimSpace(f.Get("email"))
	if !s.fits(f, v.browser, uuid.Nil) {
		return s.render(c, fiber.StatusUnprocessableEntity, s.registerPage(v, a, email, tooOld()))
	}
	id, err := s.Registration.Request(c.UserContext(), email)
	if err != nil {
		return s.refuse(c, err, func(found []mistake) view { return s.registerPage(v, a, email, found) })
	}
	return seeOther(c, withRequest(route.Register+"/"+id.String(), a.sealed))
}

func (s *Service) registerPage(v visit, a asked, email string, found []mistake) view {
	fields := g.Group{
		s.hidden(v, uuid.Nil, a.sealed),
		field{id: "email", label: "E-mail address", kind: "email", value: email, autocomplete: "username", focus: true}.node(found),
		h.P(h.Button(h.Type("submit"), g.Text("Send the code"))),
	}
	return view{
		title: "Register", wrong: len(found) > 0,
		body: g.Group{
			summary(found),
			h.H1(g.Text("Register")),
			g.If(a.app != "", h.P(g.Text("With an account of "+s.Name+" you can sign in to "+a.app+"."))),
			h.P(g.Text("You get a mail with a code. It is good for ten minutes.")),
			h.Form(h.Method("post"), h.Action(route.Register), g.Attr("novalidate"), fields),
			h.P(h.Class("quiet"), g.Text("You have an account? "), h.A(h.Href(withRequest(route.SignIn, a.sealed)), g.Text("Sign in"))),
		},
	}
}

func (s *Service) closedPage(a asked) view {
	return view{title: "Nobody can register here", body: g.Group{
		h.H1(g.Text("Nobody can register here")),
		h.P(g.Text("Ask whoever runs " + s.Name + " for an account.")),
		h.P(h.A(h.Href(withRequest(route.SignIn, a.sealed)), g.Text("Sign in with an account that you have"))),
	}}
}
