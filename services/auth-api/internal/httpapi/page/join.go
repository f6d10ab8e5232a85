package page

import (
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// joining is one of the two pages on which a mailed code makes an account.
type joining struct {
	// path is followed by the id of the request for the code.
	path, explains string
	// more leads on if there is no mail.
	more func(a asked) g.Node
}

// ofRegistration is where the form of an address leads, and the link in the mail. It says the
// same whether the address has an account or not.
func ofRegistration() joining {
	return joining{
		path: route.Register, explains: "A mail is on its way. If the address is new here, it has a code: type it, and choose a password. Give the code to nobody.",
		more: func(a asked) g.Node {
			return g.Group{g.Text("No mail? "), h.A(h.Href(withRequest(route.Register, a.sealed)), g.Text("Ask for another one"))}
		},
	}
}

// ofInvitation is where the link in the mail of an invitation leads.
func (s *Service) ofInvitation() joining {
	return joining{
		path: route.Invitation, explains: "You are invited to " + s.Name + ". The mail with the invitation has a code.",
		more: func(a asked) g.Node {
			return g.Group{g.Text("You have an account? "), h.A(h.Href(withRequest(route.SignIn, a.sealed)), g.Text("Sign in"))}
		},
	}
}

// showJoin shows the page. Opening it spends nothing: programs open links as well, and the
// code is not in it.
func (s *Service) showJoin(j joining) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v, err := s.visit(c)
		if err != nil {
			return s.fail(c, err)
		}
		a, err := s.asked(c.UserContext(), v, c.Query(requestField))
		if err != nil {
			return s.fail(c, err)
		}
		id, err := requestOf(c)
		if err != nil {
			return s.fail(c, err)
		}
		return s.render(c, fiber.StatusOK, s.joinPage(j, v, a, id, "", nil))
	}
}

// join makes the account, and signs nobody in: whoever waits on another device may not be who
// has the mail.
func (s *Service) join(j joining) fiber.Handler {
	return func(c *fiber.Ctx) error {
		f, v, a, err := s.formFor(c)
		if err != nil {
			return s.fail(c, err)
		}
		id, err := requestOf(c)
		if err != nil {
			return s.fail(c, err)
		}
		code := f.Get("code")
		if !s.fits(f, v.browser, uuid.Nil) {
			return s.render(c, fiber.StatusUnprocessableEntity, s.joinPage(j, v, a, id, code, tooOld()))
		}
		if err := s.Resets.Join(c.UserContext(), id, code, f.Get("password")); err != nil {
			return s.refuse(c, err, func(found []mistake) view { return s.joinPage(j, v, a, id, code, found) })
		}
		return seeOther(c, joined.on(withRequest(route.SignIn, a.sealed)))
	}
}

func (s *Service) joinPage(j joining, v visit, a asked, request uuid.UUID, code string, found []mistake) view {
	const title = "Make your account"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text(j.explains)),
		h.Form(h.Method("post"), h.Action(j.path+"/"+request.String()), g.Attr("novalidate"),
			s.hidden(v, uuid.Nil, a.sealed),
			codeAndPassword(found, code, "password", "Password"),
			h.P(h.Button(h.Type("submit"), g.Text("Make the account"))),
		),
		h.P(h.Class("quiet"), j.more(a)),
	}}
}
