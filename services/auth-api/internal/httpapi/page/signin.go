package page

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/oauth"
)

// justNow is for how long a form that is sent twice makes no second session.
const justNow = time.Minute

// asked is what an app asks of the person, if an app is involved.
type asked struct {
	// sealed is "" if there is no app.
	sealed  string
	request oauth.Request
	// app is the app's name, place where it is.
	app, place string
}

// asked opens a sealed request for a page. Faults: request_expired, client_not_found,
// store_unavailable.
func (s *Service) asked(ctx context.Context, v visit, sealed string) (asked, error) {
	if sealed == "" {
		return asked{}, nil
	}
	r, err := s.Requests.Open(oauth.Sealed(sealed), v.browser)
	if err != nil {
		return asked{}, err
	}
	n, err := s.Requests.Next(ctx, r, oauth.Person{})
	if err != nil {
		return asked{}, err
	}
	return asked{sealed: sealed, request: r, app: nameOf(n.App, r.RedirectURI), place: placeOf(r.RedirectURI)}, nil
}

func (s *Service) showSignIn(c *fiber.Ctx) error {
	v, a, err := s.visitFor(c)
	if err != nil {
		return s.fail(c, err)
	}
	said := noticeOf(c)
	if a.sealed == "" && v.signedIn() && said != again {
		return seeOther(c, route.Account)
	}
	email := a.request.LoginHint
	if email == "" && a.sealed == "" {
		email = v.person.Email
	}
	return s.render(c, fiber.StatusOK, s.signInPage(c, v, a, email, said, nil))
}

// signIn signs a person in. The browser gets a new token each time. Its session goes on if it
// is the same person's, since apps depend on it, and ends if it is another's: whoever has
// planted either gains nothing.
func (s *Service) signIn(c *fiber.Ctx) error {
	f, v, a, said, err := s.formToSignIn(c)
	if err != nil {
		return s.fail(c, err)
	}
	ctx := c.UserContext()
	email := strings.TrimSpace(f.Get("email"))
	if !s.fits(f, v.browser, uuid.Nil) {
		return s.render(c, fiber.StatusUnprocessableEntity, s.signInPage(c, v, a, email, "", tooOld()))
	}
	if enough, err := s.isEnough(ctx, v, a, email); err != nil {
		return s.fail(c, err)
	} else if !enough {
		opened, err := signin.WithPassword(ctx, s.Login, signin.Credentials{Email: email, Password: f.Get("password"), Device: s.Cookies.get(c, deviceCookie), Browser: true, Session: v.person.Session})
		if step := (*login.Challenge)(nil); errors.As(err, &step) {
			s.Cookies.set(c, stepCookie, step.Handle, step.Lifetime)
			return seeOther(c, said.on(withRequest(route.SignInCode, a.sealed)))
		}
		if err != nil {
			return s.refuse(c, err, func(found []mistake) view { return s.signInPage(c, v, a, email, "", found) })
		}
		return s.goOnAs(c, v, a, opened, said)
	}
	return s.onwards(c, a, said)
}

// goOnAs gives the browser its session, and leads to what it was for.
func (s *Service) goOnAs(c *fiber.Ctx, v visit, a asked, opened login.Opened, said notice) error {
	s.admit(c, v, opened)
	if a.sealed != "" {
		a.request.SignedIn = opened.ID
		var err error
		if a.sealed, err = s.seal(a.request, v.browser); err != nil {
			return s.fail(c, err)
		}
	}
	return s.onwards(c, a, said)
}

// onwards leads somebody who is signed in to what that was for.
func (s *Service) onwards(c *fiber.Ctx, a asked, said notice) error {
	if a.sealed == "" {
		return seeOther(c, said.on(route.Account))
	}
	return seeOther(c, withRequest(route.Authorize, a.sealed))
}

// isEnough says whether the browser's session does for what the form is sent for: the form
// was sent twice, or another tab was faster.
func (s *Service) isEnough(ctx context.Context, v visit, a asked, email string) (bool, error) {
	if !v.signedIn() || !strings.EqualFold(email, v.person.Email) {
		return false, nil
	}
	if a.sealed == "" {
		return s.Now().Sub(v.person.AuthenticatedAt) < justNow, nil
	}
	return a.request.IsMetBy(v.person), nil
}

// admit gives the browser its new token, and ends the session of another person.
func (s *Service) admit(c *fiber.Ctx, v visit, opened login.Opened) {
	if v.signedIn() && v.person.Session != opened.ID {
		// If a store fails now, the old session lives on to its own end. Nobody was promised
		// that it ends.
		_ = s.Sessions.End(v.as(c.UserContext()), v.person.Account, v.person.Session, authorization.SignedOut)
	}
	s.Cookies.set(c, sessionCookie, opened.Token.Reveal(), opened.ExpiresAt.Sub(s.Now()))
	s.Cookies.set(c, deviceCookie, opened.Device.Reveal(), longest)
}

func (s *Service) signInPage(c *fiber.Ctx, v visit, a asked, email string, said notice, found []mistake) view {
	title := "Sign in"
	if a.app != "" {
		title += " to " + a.app
	}
	passkeys, complete := s.passkeySignIn(c, v, a), "username"
	if passkeys != nil {
		complete += " webauthn"
	}
	fields := g.Group{
		s.hidden(v, uuid.Nil, a.sealed),
		field{id: "email", label: "E-mail address", kind: "email", value: email, autocomplete: complete, focus: email == ""}.node(found),
		field{id: "password", label: "Password", kind: "password", autocomplete: "current-password", focus: email != ""}.node(found),
		g.If(s.Resets.Available, h.P(h.A(h.Href(withRequest(route.Reset, a.sealed)), g.Text("Forgotten your password?")))),
		h.P(h.Button(h.Type("submit"), g.Text("Continue"))),
	}
	return view{
		title: title, wrong: len(found) > 0, script: passkeys != nil,
		body: g.Group{
			said.node(), summary(found),
			h.H1(g.Text(title)),
			g.If(a.place != "" && a.place != a.app, h.P(h.Class("quiet"), g.Text(a.place))),
			h.Form(h.Method("post"), h.Action(route.SignIn), g.Attr("novalidate"), fields),
			passkeys,
			g.If(s.Registration.Open, h.P(h.Class("quiet"), g.Text("New here? "), h.A(h.Href(withRequest(route.Register, a.sealed)), g.Text("Register")))),
		},
	}
}
