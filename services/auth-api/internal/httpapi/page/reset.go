package page

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// showReset asks for the address of somebody who has lost the password.
func (s *Service) showReset(c *fiber.Ctx) error {
	v, a, err := s.visitFor(c)
	if err != nil {
		return s.fail(c, err)
	}
	if !s.Resets.Available {
		return s.fail(c, fault.New(fault.MailNotConfigured, ""))
	}
	return s.render(c, fiber.StatusOK, s.resetPage(v, a, a.request.LoginHint, nil))
}

// reset mails a code. The answer is the same whether the address has an account or not.
func (s *Service) reset(c *fiber.Ctx) error {
	f, v, a, err := s.formFor(c)
	if err != nil {
		return s.fail(c, err)
	}
	email := strings.TrimSpace(f.Get("email"))
	if !s.fits(f, v.browser, uuid.Nil) {
		return s.render(c, fiber.StatusUnprocessableEntity, s.resetPage(v, a, email, tooOld()))
	}
	id, err := s.Resets.Request(c.UserContext(), email)
	if err != nil {
		return s.refuse(c, err, func(found []mistake) view { return s.resetPage(v, a, email, found) })
	}
	return seeOther(c, withRequest(route.Reset+"/"+id.String(), a.sealed))
}

func (s *Service) resetPage(v visit, a asked, email string, found []mistake) view {
	const title = "Set a new password"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text("You get a mail with a code. It is good for ten minutes.")),
		h.Form(h.Method("post"), h.Action(route.Reset), g.Attr("novalidate"),
			s.hidden(v, uuid.Nil, a.sealed),
			field{id: "email", label: "E-mail address", kind: "email", value: email, autocomplete: "username", focus: true}.node(found),
			h.P(h.Button(h.Type("submit"), g.Text("Send the code"))),
		),
		h.P(h.Class("quiet"), h.A(h.Href(withRequest(route.SignIn, a.sealed)), g.Text("Back to sign in"))),
	}}
}

func (s *Service) newPasswordPage(v visit, a asked, request uuid.UUID, code string, found []mistake) view {
	const title = "Set a new password"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text("If the address has an account, a mail with a code is on its way. Whoever knows the code can set the password, so give it to nobody.")),
		h.Form(h.Method("post"), h.Action(route.Reset+"/"+request.String()), g.Attr("novalidate"),
			s.hidden(v, uuid.Nil, a.sealed),
			codeAndPassword(found, code, "new_password", "New password"),
			h.P(h.Class("quiet"), g.Text("This signs you out everywhere, and ends what apps can do for you.")),
			h.P(h.Button(h.Type("submit"), g.Text("Set the new password"))),
		),
		h.P(h.Class("quiet"), g.Text("No mail? "), h.A(h.Href(withRequest(route.Reset, a.sealed)), g.Text("Ask for another one"))),
	}}
}
