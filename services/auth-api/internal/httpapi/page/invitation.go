package page

import (
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// showInvitation is where the link of an invitation leads. Opening it spends nothing.
func (s *Service) showInvitation(c *fiber.Ctx) error {
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	id, err := requestOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	return s.render(c, fiber.StatusOK, s.invitationPage(v, id, "", nil))
}

// join makes the account of somebody who was invited.
func (s *Service) join(c *fiber.Ctx) error {
	f, v, _, err := s.formFor(c)
	if err != nil {
		return s.fail(c, err)
	}
	id, err := requestOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	code := f.Get("code")
	if !s.fits(f, v.browser, uuid.Nil) {
		return s.render(c, fiber.StatusUnprocessableEntity, s.invitationPage(v, id, code, tooOld()))
	}
	if err := s.Resets.Join(c.UserContext(), id, code, f.Get("password")); err != nil {
		return s.refuse(c, err, func(found []mistake) view { return s.invitationPage(v, id, code, found) })
	}
	return seeOther(c, joined.on(route.SignIn))
}

func (s *Service) invitationPage(v visit, request uuid.UUID, code string, found []mistake) view {
	const title = "Make your account"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text("You are invited to " + s.Name + ". The mail with the invitation has a code.")),
		h.Form(h.Method("post"), h.Action(route.Invitation+"/"+request.String()), g.Attr("novalidate"),
			s.hidden(v, uuid.Nil, ""),
			codeAndPassword(found, code, "password", "Password"),
			h.P(h.Button(h.Type("submit"), g.Text("Make the account"))),
		),
		h.P(h.Class("quiet"), g.Text("You have an account? "), h.A(h.Href(route.SignIn), g.Text("Sign in"))),
	}}
}
