package page

import (
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/passkey"
)

// showPasskeys lists the person's passkeys, and offers to add one.
func (s *Service) showPasskeys(c *fiber.Ctx) error {
	return s.asFactorOwner(c, func(v visit, has factor.Factors) error {
		page, err := s.passkeysPage(c, v, has, deviceOf(c.Get(fiber.HeaderUserAgent)), noticeOf(c))
		if err != nil {
			return s.fail(c, err)
		}
		return s.render(c, fiber.StatusOK, page)
	})
}

// withPasskeyForm is withFactorForm for the page about passkeys.
func (s *Service) withPasskeyForm(c *fiber.Ctx, handle func(v visit, f form) error) error {
	return s.withFormOf(c, route.AccountPasskeys, handle)
}

func (v visit) owner() passkey.Owner {
	return passkey.Owner{Account: v.person.Account, Session: v.person.Session, Email: v.person.Email, Name: v.name}
}

// addPasskey adds the passkey that a device has made. With the account's first second factor, the
// answer shows recovery codes and is no redirect, since they can be shown only now.
func (s *Service) addPasskey(c *fiber.Ctx) error {
	return s.withPasskeyForm(c, func(v visit, f form) error {
		added, err := s.Passkeys.Add(v.as(c.UserContext()), v.owner(), f.Get("name"), f.Get(ceremonyField), []byte(f.Get(credentialField)))
		// Also if Redis was not told in time: the codes can be shown only now.
		if len(added.RecoveryCodes) > 0 {
			return s.render(c, fiber.StatusOK, s.recoveryPage("Your passkey is added", added.RecoveryCodes))
		}
		if fault.CodeOf(err) == fault.RequestExpired {
			return seeOther(c, stale.on(route.AccountPasskeys))
		}
		if err == nil {
			return seeOther(c, passkeyAdded.on(route.AccountPasskeys))
		}
		has, failed := s.Factors.Of(c.UserContext(), v.person.Account)
		if failed != nil {
			return s.fail(c, failed)
		}
		again, failed := s.passkeysPage(c, v, has, f.Get("name"), "")
		if failed != nil {
			return s.fail(c, failed)
		}
		return s.refuse(c, err, func(found []mistake) view {
			again.wrong, again.body = true, g.Group{summary(found), again.body}
			return again
		})
	})
}

func (s *Service) removePasskey(c *fiber.Ctx) error {
	return s.withPasskeyForm(c, func(v visit, _ form) error {
		id, err := uuid.Parse(c.Params("id"))
		if err == nil {
			err = s.Passkeys.Remove(v.as(c.UserContext()), v.person.Account, v.person.Session, id)
		}
		// One that is gone is what was asked for: the form was sent twice.
		if err != nil && id != uuid.Nil && fault.CodeOf(err) != fault.FactorNotFound {
			return s.fail(c, err)
		}
		return seeOther(c, passkeyRemoved.on(route.AccountPasskeys))
	})
}

// requirePasskey has sign-ins with the password ask for a passkey from now on.
func (s *Service) requirePasskey(c *fiber.Ctx) error {
	return s.withPasskeyForm(c, func(v visit, _ form) error {
		codes, err := s.Passkeys.Require(v.as(c.UserContext()), v.owner())
		if len(codes) > 0 {
			return s.render(c, fiber.StatusOK, s.recoveryPage("The second step is on", codes))
		}
		switch fault.CodeOf(err) {
		case fault.AlreadyExists, fault.FactorNotFound:
			return seeOther(c, stale.on(route.AccountPasskeys))
		}
		return s.fail(c, err)
	})
}

// silentPasskey is a form with which the browser makes a passkey by itself, after a full sign-in
// with a password; nil for others, and for who has passkeys.
func (s *Service) silentPasskey(c *fiber.Ctx, v visit, has factor.Factors) g.Node {
	if !s.Passkeys.Enabled() || has.Passkeys > 0 || s.Now().Sub(v.person.AuthenticatedAt) > justNow || !slices.Contains(v.person.AuthenticatedBy, factor.PasswordMethod) || has.Required && !v.multiFactor() {
		return nil
	}
	begun, err := s.Passkeys.BeginAdd(c.UserContext(), v.owner(), true)
	if err != nil {
		return nil // Nobody has asked for it.
	}
	return passkeyForm{action: route.AccountPasskeys, to: "silently", begun: begun, fields: g.Group{
		s.hidden(v, v.person.Session, ""), h.Input(h.Type("hidden"), h.Name("name"), h.Value(deviceOf(c.Get(fiber.HeaderUserAgent)))),
	}}.node()
}

func (s *Service) passkeysPage(c *fiber.Ctx, v visit, has factor.Factors, name string, said notice) (view, error) {
	const title = "Passkeys"
	list, err := s.Passkeys.List(c.UserContext(), v.person.Account)
	if err != nil {
		return view{}, err
	}
	add := h.P(g.Text("Passkeys do not work here: " + s.Name + " has no address for them."))
	if s.Passkeys.Enabled() {
		begun, err := s.Passkeys.BeginAdd(c.UserContext(), v.owner(), false)
		switch {
		case fault.CodeOf(err) == fault.ValidationFailed:
			add = h.P(g.Text("You have as many passkeys as one can have. Remove one to add another."))
		case err != nil:
			return view{}, err
		default:
			add = s.addForm(v, has, begun, name)
		}
	}
	return view{title: title, script: true, body: g.Group{
		said.node(),
		h.H1(g.Text(title)),
		h.P(g.Text("A passkey signs you in with your fingerprint, your face or the PIN of your device, without a password. It cannot be guessed, and works on no other site.")),
		g.If(len(list) > 0, h.Ul(h.Class("list"), g.Map(list, func(p passkey.Passkey) g.Node { return s.passkeyRow(v, p) }))),
		g.If(has.Passkeys > 0 && !has.Required, g.Group{
			h.P(g.Text("Your password alone still signs you in. Signing in with it can ask for a passkey as well. You get recovery codes then, and are signed out everywhere else.")),
			s.button(v, route.RequirePasskeys, "Ask for a passkey after the password", ""),
		}),
		h.H2(g.Text("Add a passkey")),
		add,
		back(),
	}}, nil
}

func (s *Service) addForm(v visit, has factor.Factors, begun passkey.Begun, name string) g.Node {
	return g.Group{
		g.If(!has.Required, h.P(g.Text("After your password, signing in asks for it as well from then on. You get recovery codes, in case you lose the device, and are signed out everywhere else."))),
		h.NoScript(h.P(g.Text("Your browser needs JavaScript for this."))),
		passkeyForm{action: route.AccountPasskeys, to: "create", begun: begun, button: "Add a passkey", fields: g.Group{
			s.hidden(v, v.person.Session, ""),
			field{id: "name", label: "Name", kind: "text", value: name, autocomplete: "off", hint: "So that you know it again, such as: my laptop."}.node(nil),
		}}.node(),
	}
}

func (s *Service) passkeyRow(v visit, p passkey.Passkey) g.Node {
	where, used := "On one device", g.Node(nil)
	switch {
	case !p.Proved:
		used = g.Text(" by your browser, not used yet")
	case !p.LastUsedAt.IsZero():
		used = g.Group{g.Text(", last used "), moment(p.LastUsedAt)}
	}
	if p.Synced {
		where = "Synced between devices"
	}
	return h.Li(h.Class("row"),
		h.Div(
			h.Strong(g.Text(p.Name)),
			h.P(h.Class("quiet"), g.Text(where+", added "), moment(p.CreatedAt), used),
			g.If(!p.SuspectedAt.IsZero(), h.P(h.Class("mistake"), g.Text("On "), moment(p.SuspectedAt), g.Text(" it was used as a copy is used. Remove it, unless you know why."))),
		),
		s.button(v, route.AccountPasskeys+"/"+p.ID.String()+route.End, "Remove", " "+p.Name))
}
