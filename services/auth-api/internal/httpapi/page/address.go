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

// showAddress asks for the address that the account is to have.
func (s *Service) showAddress(c *fiber.Ctx) error {
	return s.asRecent(c, func(v visit) error {
		if !s.Resets.Available {
			return s.fail(c, fault.New(fault.MailNotConfigured, ""))
		}
		return s.render(c, fiber.StatusOK, s.addressPage(v, "", nil))
	})
}

// requestAddress mails a code to the address. The answer is the same whether somebody else
// has it or not.
func (s *Service) requestAddress(c *fiber.Ctx) error {
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	if v.signedIn() && s.isOld(v) {
		return seeOther(c, again.on(route.SignIn))
	}
	var id uuid.UUID
	next := func() string { return route.AccountAddress + "/" + id.String() }
	return s.takeTo(c, func(v visit, f form, found []mistake) view {
		return s.addressPage(v, strings.TrimSpace(f.Get("email")), found)
	}, next, func(v visit, f form) error {
		id, err = s.Resets.RequestAddress(v.as(c.UserContext()), v.person.Account, strings.TrimSpace(f.Get("email")))
		return err
	})
}

// showAddressCode is where the link in the mail leads, too. Opening it spends nothing.
func (s *Service) showAddressCode(c *fiber.Ctx) error {
	id, err := requestOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	return s.ask(c, func(v visit, found []mistake) view { return s.addressCodePage(v, id, "", found) })
}

func (s *Service) changeAddress(c *fiber.Ctx) error {
	id, err := requestOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	return s.take(c, func(v visit, f form, found []mistake) view { return s.addressCodePage(v, id, f.Get("code"), found) }, moved.on(route.Account), func(v visit, f form) error {
		return s.Resets.ChangeAddress(v.as(c.UserContext()), v.person.Account, id, f.Get("code"))
	})
}

func (s *Service) addressPage(v visit, email string, found []mistake) view {
	const title = "Change your address"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text("Your account has the address "), h.Strong(g.Text(v.person.Email)), g.Text(". The new one gets a mail with a code. It is good for ten minutes.")),
		h.Form(h.Method("post"), h.Action(route.AccountAddress), g.Attr("novalidate"),
			s.hidden(v, v.person.Session, ""),
			field{id: "email", label: "New e-mail address", kind: "email", value: email, autocomplete: "email", focus: true}.node(found),
			h.P(h.Button(h.Type("submit"), g.Text("Send the code")))),
		back(),
	}}
}

func (s *Service) addressCodePage(v visit, request uuid.UUID, code string, found []mistake) view {
	const title = "Change your address"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text("If nobody else has the new address, a mail with a code is on its way to it.")),
		h.Form(h.Method("post"), h.Action(route.AccountAddress+"/"+request.String()), g.Attr("novalidate"),
			s.hidden(v, v.person.Session, ""),
			mailedCode(found, code),
			h.P(h.Class("quiet"), g.Text("Your sign-ins, apps and tokens stay. Your present address is told, and can undo this for a day.")),
			h.P(h.Button(h.Type("submit"), g.Text("Change the address")))),
		h.P(h.Class("quiet"), g.Text("No mail? "), h.A(h.Href(route.AccountAddress), g.Text("Ask for another one"))),
	}}
}

func (s *Service) undoPage(v visit, a asked, request uuid.UUID, code string, found []mistake) view {
	const title = "Take your account back"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text("The address of your account was changed. The code from the mail sets it back to the address that the mail came to.")),
		h.Form(h.Method("post"), h.Action(route.Address+"/"+request.String()), g.Attr("novalidate"),
			s.hidden(v, uuid.Nil, a.sealed),
			codeAndPassword(found, code, "new_password", "New password"),
			h.P(h.Class("quiet"), g.Text("This signs everybody out, and ends all apps and personal tokens.")),
			h.P(h.Button(h.Type("submit"), g.Text("Undo the change")))),
		h.P(h.Class("quiet"), h.A(h.Href(withRequest(route.SignIn, a.sealed)), g.Text("Back to sign in"))),
	}}
}
