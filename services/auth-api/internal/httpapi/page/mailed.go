package page

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// mailed is a page to which a mail leads, and on which the code of the mail is typed and a
// password is chosen. Nobody needs to be signed in for it.
type mailed struct {
	// path is followed by the id of the request for the code.
	path string
	// password is the name of the field for the password.
	password string
	view     func(v visit, a asked, request uuid.UUID, code string, found []mistake) view
	do       func(ctx context.Context, request uuid.UUID, code, password string) error
	done     notice
}

// mailedPages are all of them.
func (s *Service) mailedPages() []mailed {
	return []mailed{
		{route.Register, "password", s.joinPage(ofRegistration()), s.Resets.Join, joined},
		{route.Invitation, "password", s.joinPage(s.ofInvitation()), s.Resets.Join, joined},
		{route.Reset, "new_password", s.newPasswordPage, s.Resets.Confirm, reset},
		{route.Address, "new_password", s.undoPage, s.Resets.UndoAddress, restored},
	}
}

// showMailed shows the page. Opening it spends nothing: programs open links as well, and the
// code is not in it.
func (s *Service) showMailed(m mailed) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v, a, err := s.visitFor(c)
		if err != nil {
			return s.fail(c, err)
		}
		id, err := requestOf(c)
		if err != nil {
			return s.fail(c, err)
		}
		return s.render(c, fiber.StatusOK, m.view(v, a, id, "", nil))
	}
}

// takeMailed does what the code is for, and signs nobody in: whoever has the mail need not have
// what else a sign-in asks for, nor be the person at this device.
func (s *Service) takeMailed(m mailed) fiber.Handler {
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
			return s.render(c, fiber.StatusUnprocessableEntity, m.view(v, a, id, code, tooOld()))
		}
		if err := m.do(c.UserContext(), id, code, f.Get(m.password)); err != nil {
			return s.refuse(c, err, func(found []mistake) view { return m.view(v, a, id, code, found) })
		}
		return seeOther(c, m.done.on(withRequest(route.SignIn, a.sealed)))
	}
}

// requestOf is the request for a code that the page is about.
func requestOf(c *fiber.Ctx) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Params("id"))
	if err != nil {
		return uuid.Nil, fault.New(fault.RouteNotFound, "There is no page at this address.")
	}
	return id, nil
}

// codeAndPassword are the fields of these pages.
func codeAndPassword(found []mistake, code, id, label string) g.Node {
	return g.Group{
		mailedCode(found, code),
		newPassword(id, label, false).node(found),
	}
}

// mailedCode is the field for the code of a mail.
func mailedCode(found []mistake, code string) g.Node {
	return field{id: "code", label: "Code from the mail", kind: "text", value: code, autocomplete: "one-time-code", focus: true}.node(found)
}
