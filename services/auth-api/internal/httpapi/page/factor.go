package page

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/verify"
)

// Factors turns second factors on and off; factor.Service implements it.
type Factors interface {
	Begin(ctx context.Context, account uuid.UUID, email string) (factor.Enrolment, error)
	Remove(ctx context.Context, account, keep uuid.UUID) error
	NewRecoveryCodes(ctx context.Context, account uuid.UUID) ([]string, error)
	Of(ctx context.Context, account uuid.UUID) (factor.Factors, error)
}

// asFactorOwner calls a handler with somebody who has signed in a short while ago, with the
// second step if the account has one. Others are asked to sign in again.
func (s *Service) asFactorOwner(c *fiber.Ctx, handle func(v visit, has factor.Factors) error) error {
	return s.asRecent(c, func(v visit) error {
		has, err := s.Factors.Of(c.UserContext(), v.person.Account)
		if err != nil {
			return s.fail(c, err)
		}
		if has.Required && !v.multiFactor() {
			return seeOther(c, again.on(route.SignIn))
		}
		return handle(v, has)
	})
}

// multiFactor says whether the person has signed in with the second step.
func (v visit) multiFactor() bool {
	return verify.IsMultiFactor(v.person.AuthenticatedBy)
}

// withBothFactors calls a handler for a form that asks for the password. Somebody with a second
// step must have signed in with it a short while ago: the password is one factor of two.
func (s *Service) withBothFactors(c *fiber.Ctx, handle func(v visit) error) error {
	return s.asPerson(c, func(v visit) error {
		has, err := s.Factors.Of(c.UserContext(), v.person.Account)
		if err != nil {
			return s.fail(c, err)
		}
		if has.Required && (s.isOld(v) || !v.multiFactor()) {
			return seeOther(c, again.on(route.SignIn))
		}
		return handle(v)
	})
}

// withFactorForm is asFactorOwner for a form. One that is out of date changes nothing.
func (s *Service) withFactorForm(c *fiber.Ctx, handle func(v visit, f form) error) error {
	return s.withFormOf(c, route.AccountFactor, handle)
}

// withFormOf is withFactorForm for a form of another page.
func (s *Service) withFormOf(c *fiber.Ctx, page string, handle func(v visit, f form) error) error {
	f, err := s.formOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	return s.asFactorOwner(c, func(v visit, _ factor.Factors) error {
		if !s.fits(f, v.browser, v.person.Session) {
			return seeOther(c, stale.on(page))
		}
		return handle(v, f)
	})
}

func (s *Service) showFactor(c *fiber.Ctx) error {
	return s.asFactorOwner(c, func(v visit, has factor.Factors) error {
		return s.render(c, fiber.StatusOK, s.factorPage(v, has, noticeOf(c)))
	})
}

// beginFactor shows a new secret. The answer is no redirect, since it can be shown only now.
func (s *Service) beginFactor(c *fiber.Ctx) error {
	return s.withFactorForm(c, func(v visit, _ form) error {
		e, err := s.Factors.Begin(v.as(c.UserContext()), v.person.Account, v.person.Email)
		if fault.CodeOf(err) == fault.AlreadyExists {
			return seeOther(c, stale.on(route.AccountFactor))
		}
		if err != nil {
			return s.fail(c, err)
		}
		picture, err := qrCode(e.URI)
		if err != nil {
			return s.fail(c, err)
		}
		return s.render(c, fiber.StatusOK, s.enrolPage(v, e.Secret, picture, nil))
	})
}

// confirmFactor takes the first code. A wrong one shows the form again without the picture:
// the app has the secret by now, or the person begins again.
func (s *Service) confirmFactor(c *fiber.Ctx) error {
	return s.withFactorForm(c, func(v visit, f form) error {
		codes, err := s.Enrolments.Confirm(v.as(c.UserContext()), v.person.Account, v.person.Session, f.Get("code"))
		switch fault.CodeOf(err) {
		case fault.AlreadyExists, fault.FactorNotFound:
			return seeOther(c, stale.on(route.AccountFactor))
		}
		// Also if Redis was not told in time: the codes can be shown only now.
		if len(codes) > 0 {
			return s.render(c, fiber.StatusOK, s.recoveryPage("The second step is on", codes))
		}
		if err == nil {
			return seeOther(c, appAdded.on(route.AccountFactor)) // There was a passkey before, and there are codes.
		}
		const wrong = "The code is wrong. Check that the clock of your phone is right, and type the code that the app shows now."
		return s.refuseCode(c, err, wrong, func(found []mistake) view { return s.enrolPage(v, "", nil, found) })
	})
}

func (s *Service) newRecoveryCodes(c *fiber.Ctx) error {
	return s.withFactorForm(c, func(v visit, _ form) error {
		codes, err := s.Factors.NewRecoveryCodes(v.as(c.UserContext()), v.person.Account)
		if fault.CodeOf(err) == fault.FactorNotFound {
			return seeOther(c, stale.on(route.AccountFactor))
		}
		if err != nil {
			return s.fail(c, err)
		}
		return s.render(c, fiber.StatusOK, s.recoveryPage("Your new recovery codes", codes))
	})
}

func (s *Service) removeFactor(c *fiber.Ctx) error {
	return s.withFactorForm(c, func(v visit, _ form) error {
		// Without one, what was asked for is done: the form was sent twice.
		if err := s.Factors.Remove(v.as(c.UserContext()), v.person.Account, v.person.Session); err != nil && fault.CodeOf(err) != fault.FactorNotFound {
			return s.fail(c, err)
		}
		return seeOther(c, factorOff.on(route.AccountFactor))
	})
}

func (s *Service) factorPage(v visit, has factor.Factors, said notice) view {
	const title = "Second step"
	return view{title: title, body: g.Group{
		said.node(),
		h.H1(g.Text(title)),
		g.If(!has.Required, h.P(g.Text("After your password, signing in can ask for a code that an app on your phone shows. Whoever learns your password cannot sign in then."))),
		g.If(has.Passkeys > 0 && has.Required, h.P(g.Text("After your password, signing in asks for one of your passkeys. "), h.A(h.Href(route.AccountPasskeys), g.Text("Change your passkeys")))),
		g.If(has.TOTP, h.P(g.Text("On since "), moment(has.Since), g.Text(". After your password, signing in asks for a code of your authenticator app."))),
		g.If(has.Required, g.Group{
			h.P(g.Text("You have " + count(has.RecoveryCodes, "recovery code") + " left. New ones make the old ones void.")),
			s.button(v, route.RecoveryCodes, "Make new recovery codes", ""),
		}),
		s.appPart(v, has),
		back(),
	}}
}

// appPart is about the authenticator app.
func (s *Service) appPart(v visit, has factor.Factors) g.Node {
	if !has.TOTP {
		return g.Group{
			g.If(has.Required, h.H2(g.Text("Authenticator app"))),
			h.P(g.Text("You need an authenticator app."), g.If(!has.Required, g.Text(" Turning it on signs you out everywhere else."))),
			h.Form(h.Method("post"), h.Action(route.NewFactor), s.hidden(v, v.person.Session, ""), h.P(h.Button(h.Type("submit"), g.Text("Set it up")))),
		}
	}
	left := "Your password alone signs you in then."
	if has.Passkeys > 0 {
		left = "Your passkeys are still asked for."
	}
	return g.Group{
		h.H2(g.Text("Turn it off")),
		h.P(g.Text(left + " You are signed out everywhere else.")),
		s.button(v, route.FactorOff, "Turn it off", ""),
	}
}

func (s *Service) enrolPage(v visit, secret string, picture g.Node, found []mistake) view {
	const title = "Set up the second step"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		g.If(picture != nil, g.Group{
			h.P(g.Text("Scan this with your authenticator app:")),
			picture,
			h.P(g.Text("Or type this key into it: "), h.Code(g.Text(secret))),
		}),
		h.Form(h.Method("post"), h.Action(route.ConfirmFactor), g.Attr("novalidate"),
			s.hidden(v, v.person.Session, ""),
			field{id: "code", label: "Code that the app shows now", kind: "text", autocomplete: "one-time-code", focus: true, numeric: true}.node(found),
			h.P(h.Button(h.Type("submit"), g.Text("Turn it on")))),
		h.P(h.Class("quiet"), h.A(h.Href(route.AccountFactor), g.Text("Begin again"))),
	}}
}

func (s *Service) recoveryPage(title string, codes []string) view {
	return view{title: title, body: g.Group{
		h.H1(g.Text(title)),
		h.P(h.Role("status"), h.Strong(g.Text("Keep these recovery codes: they are not shown again.")), g.Text(" Each signs you in once, if you lose your device. Write them down, or print this page.")),
		h.Ul(h.Class("list"), g.Map(codes, func(code string) g.Node { return h.Li(h.Code(g.Text(code))) })),
		h.P(h.A(h.Href(route.Account), g.Text("I have kept them"))),
	}}
}
