package page

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/passkey"
)

// Passkeys adds and removes passkeys; passkey.Service implements it.
type Passkeys interface {
	Enabled() bool
	BeginAdd(ctx context.Context, o passkey.Owner, silently passkey.Silently) (passkey.Begun, error)
	Add(ctx context.Context, o passkey.Owner, name, ceremony string, response []byte) (passkey.Added, error)
	Require(ctx context.Context, o passkey.Owner) (recovery []string, err error)
	Remove(ctx context.Context, account, keep, id uuid.UUID) error
	List(ctx context.Context, account uuid.UUID) ([]passkey.Passkey, error)
}

// The names of the fields of a form with a passkey.
const (
	ceremonyField, credentialField = "ceremony", "credential"
	// secondField says that the passkey is the second step.
	secondField = "second"
)

// passkeyForm is a form that the script sends with what a device has answered. Without the script
// it is hidden. to is create or get, or silently to create a passkey without asking.
type passkeyForm struct {
	action, to string
	begun      passkey.Begun
	// autofill offers passkeys in the field for the address, and renews the options.
	autofill bool
	// fields are those besides the ones that each has.
	fields g.Node
	button string
}

func (p passkeyForm) node() g.Node {
	return h.Form(h.Method("post"), h.Action(p.action), g.Attr("hidden"), g.Attr("data-passkey", p.to), g.Attr("data-options", string(p.begun.Options)),
		g.If(p.autofill, g.Attr("data-renew", route.SessionPasskeyOptions)),
		h.Input(h.Type("hidden"), h.Name(ceremonyField), h.Value(p.begun.Ceremony)),
		h.Input(h.Type("hidden"), h.Name(credentialField)),
		p.fields,
		g.If(p.button != "", g.Group{
			h.P(h.Class("mistake"), h.Role("status")),
			h.P(h.Button(h.Type("submit"), h.Class("second"), g.Text(p.button))),
		}))
}

// passkeySignIn is the form on the page for signing in; nil if there are no passkeys.
func (s *Service) passkeySignIn(c *fiber.Ctx, v visit, a asked) g.Node {
	if !s.Passkeys.Enabled() {
		return nil
	}
	begun, err := s.Login.BeginPasskey(c.UserContext(), "")
	if err != nil {
		return nil // The password does as well.
	}
	// A passkey that was refused just now is not offered again by itself.
	refused := c.Path() == route.SignInPasskey
	return passkeyForm{action: route.SignInPasskey, to: "get", begun: begun, autofill: !refused, fields: s.hidden(v, uuid.Nil, a.sealed), button: "Use a passkey"}.node()
}

// passkeyStep is the form on the page for the second step; nil if no passkey can be used.
func (s *Service) passkeyStep(begun passkey.Begun, v visit, a asked) g.Node {
	if begun.Ceremony == "" {
		return nil
	}
	return passkeyForm{action: route.SignInPasskey, to: "get", begun: begun, button: "Use a passkey", fields: g.Group{
		s.hidden(v, uuid.Nil, a.sealed), h.Input(h.Type("hidden"), h.Name(secondField), h.Value("yes")),
	}}.node()
}

// signInWithPasskey takes what a passkey has answered, and signs the person in.
func (s *Service) signInWithPasskey(c *fiber.Ctx) error {
	f, v, a, said, err := s.formToSignIn(c)
	if err != nil {
		return s.fail(c, err)
	}
	handle, again := "", func(found []mistake) view { return s.signInPage(c, v, a, "", "", found) }
	if f.Get(secondField) != "" {
		handle, again = s.Cookies.get(c, stepCookie), func(found []mistake) view { return s.codePage(c, v, a, "", found) }
		if handle == "" {
			return seeOther(c, late.on(withRequest(route.SignIn, a.sealed)))
		}
	}
	if !s.fits(f, v.browser, uuid.Nil) {
		return s.render(c, fiber.StatusUnprocessableEntity, again(tooOld()))
	}
	opened, err := signin.WithPasskey(c.UserContext(), s.Login, handle, login.Assertion{Ceremony: f.Get(ceremonyField), Response: []byte(f.Get(credentialField))},
		signin.Credentials{Device: s.Cookies.get(c, deviceCookie), Browser: true, Session: v.person.Session})
	if fault.CodeOf(err) == fault.RequestExpired {
		if v.signedIn() && s.Now().Sub(v.person.AuthenticatedAt) < justNow {
			return s.onwards(c, a, said) // The form was sent twice.
		}
		return seeOther(c, late.on(withRequest(route.SignIn, a.sealed)))
	}
	if err != nil {
		return s.refuse(c, err, again)
	}
	s.Cookies.clear(c, stepCookie)
	return s.goOnAs(c, v, a, opened, said)
}
