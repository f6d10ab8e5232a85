package page

import (
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
)

// showCode asks for the second step of a sign-in whose password was right. The browser's
// cookie says which sign-in, so that no link and no other browser can go on with it.
func (s *Service) showCode(c *fiber.Ctx) error {
	v, a, err := s.visitFor(c)
	if err != nil {
		return s.fail(c, err)
	}
	if s.Cookies.get(c, stepCookie) == "" {
		return seeOther(c, late.on(withRequest(route.SignIn, a.sealed)))
	}
	return s.render(c, fiber.StatusOK, s.codePage(c, v, a, noticeOf(c), nil))
}

// secondStep finishes a sign-in.
func (s *Service) secondStep(c *fiber.Ctx) error {
	f, v, a, said, err := s.formToSignIn(c)
	if err != nil {
		return s.fail(c, err)
	}
	if !s.fits(f, v.browser, uuid.Nil) {
		return s.render(c, fiber.StatusUnprocessableEntity, s.codePage(c, v, a, "", tooOld()))
	}
	opened, err := signin.WithCode(c.UserContext(), s.Login, s.Cookies.get(c, stepCookie), f.Get("code"), true, v.person.Session)
	if fault.CodeOf(err) == fault.RequestExpired {
		if v.signedIn() && s.Now().Sub(v.person.AuthenticatedAt) < justNow {
			return s.onwards(c, a, said) // The form was sent twice.
		}
		s.Cookies.clear(c, stepCookie)
		return seeOther(c, late.on(withRequest(route.SignIn, a.sealed)))
	}
	if err != nil {
		const wrong = "The code is wrong, or was used. An app shows another one soon, and each recovery code works once; after many wrong ones only recovery codes do."
		return s.refuseCode(c, err, wrong, func(found []mistake) view { return s.codePage(c, v, a, "", found) })
	}
	s.Cookies.clear(c, stepCookie)
	return s.goOnAs(c, v, a, opened, said)
}

func (s *Service) codePage(c *fiber.Ctx, v visit, a asked, said notice, found []mistake) view {
	ways, err := s.Login.Ways(c.UserContext(), s.Cookies.get(c, stepCookie))
	passkeys := s.passkeyStep(ways.Passkey, v, a)
	onlyPasskeys := passkeys != nil && !ways.TOTP
	title, label, hint := "Enter your code", "Code", "The six digits that your authenticator app shows, or one of your recovery codes."
	switch {
	case err != nil || ways.TOTP: // If it is not known what the account has, ask for what most people have.
	case onlyPasskeys:
		title, label, hint = "Use your passkey", "Recovery code", "If you have no passkey at hand."
	default:
		title, label, hint = "Enter a recovery code", "Recovery code", "One of those that you were shown with your second step."
	}
	code := h.Form(h.Method("post"), h.Action(route.SignInCode), g.Attr("novalidate"),
		s.hidden(v, uuid.Nil, a.sealed),
		field{id: "code", label: label, kind: "text", autocomplete: "one-time-code", focus: !onlyPasskeys, hint: hint}.node(found),
		h.P(h.Button(h.Type("submit"), g.Text("Continue"))),
	)
	steps := g.Group{code, passkeys}
	if onlyPasskeys {
		steps = g.Group{h.NoScript(h.P(g.Text("Your browser needs JavaScript for a passkey."))), passkeys, code}
	}
	return view{title: title, script: passkeys != nil, wrong: len(found) > 0, body: g.Group{
		said.node(), summary(found),
		h.H1(g.Text(title)),
		g.If(a.app != "", h.P(h.Class("quiet"), g.Text("To sign in to "+a.app))),
		steps,
		h.P(h.Class("quiet"), g.Text("Lost all of them? Ask whoever runs "+s.Name+".")),
		h.P(h.Class("quiet"), h.A(h.Href(withRequest(route.SignIn, a.sealed)), g.Text("Back to sign in"))),
	}}
}
