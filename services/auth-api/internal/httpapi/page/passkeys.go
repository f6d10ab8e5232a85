package page

import (
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
		page, err := s.passkeysPage(c, v, has, deviceOf(c.Get(fiber.HeaderUserAgent)), noticeOf(c), nil)
		if err != nil {
			return s.fail(c, err)
		}
		return s.render(c, fiber.StatusOK, page)
	})
}

func (v visit) owner() passkey.Owner {
	return passkey.Owner{Account: v.person.Account, Session: v.person.Session, Email: v.person.Email, Name: v.name}
}

// addPasskey adds the passkey that a device has made. With the account's first second factor, the
// answer shows recovery codes and is no redirect, since they can be shown only now.
func (s *Service) addPasskey(c *fiber.Ctx) error {
	f, err := s.formOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	return s.asFactorOwner(c, func(v visit, has factor.Factors) error {
		if !s.fits(f, v.browser, v.person.Session) {
			return seeOther(c, stale.on(route.AccountPasskeys))
		}
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
		again, failed := s.passkeysPage(c, v, has, f.Get("name"), "", nil)
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
	f, err := s.formOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	return s.asFactorOwner(c, func(v visit, _ factor.Factors) error {
		if !s.fits(f, v.browser, v.person.Session) {
			return seeOther(c, stale.on(route.AccountPasskeys))
		}
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

func (s *Service) passkeysPage(c *fiber.Ctx, v visit, has factor.Factors, name string, said notice, found []mistake) (view, error) {
	const title = "Passkeys"
	list, err := s.Passkeys.List(c.UserContext(), v.person.Account)
	if err != nil {
		return view{}, err
	}
	add := h.P(g.Text("Passkeys do not work here: " + s.Name + " has no address for them."))
	if s.Passkeys.Enabled() {
		begun, err := s.Passkeys.BeginAdd(c.UserContext(), v.owner())
		switch {
		case fault.CodeOf(err) == fault.ValidationFailed:
			add = h.P(g.Text("You have as many passkeys as one can have. Remove one to add another."))
		case err != nil:
			return view{}, err
		default:
			add = s.addForm(v, has, begun, name, found)
		}
	}
	return view{title: title, wrong: len(found) > 0, script: true, body: g.Group{
		said.node(), summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text("A passkey signs you in with your fingerprint, your face or the PIN of your device, without a password. It cannot be guessed, and works on no other site.")),
		g.If(len(list) > 0, h.Ul(h.Class("list"), g.Map(list, func(p passkey.Passkey) g.Node { return s.passkeyRow(v, p) }))),
		h.H2(g.Text("Add a passkey")),
		add,
		back(),
	}}, nil
}

func (s *Service) addForm(v visit, has factor.Factors, begun passkey.Begun, name string, found []mistake) g.Node {
	return g.Group{
		g.If(!has.Any(), h.P(g.Text("After your password, signing in asks for it as well from then on. You get recovery codes, in case you lose the device, and are signed out everywhere else."))),
		h.NoScript(h.P(g.Text("Your browser needs JavaScript for this."))),
		passkeyForm{action: route.AccountPasskeys, to: "create", begun: begun, button: "Add a passkey", fields: g.Group{
			s.hidden(v, v.person.Session, ""),
			field{id: "name", label: "Name", kind: "text", value: name, autocomplete: "off", hint: "So that you know it again, such as: my laptop."}.node(found),
		}}.node(),
	}
}

func (s *Service) passkeyRow(v visit, p passkey.Passkey) g.Node {
	where := "On one device"
	if p.Synced {
		where = "Synced between devices"
	}
	return h.Li(h.Class("row"),
		h.Div(
			h.Strong(g.Text(p.Name)),
			h.P(h.Class("quiet"), g.Text(where+", added "), moment(p.CreatedAt), g.If(!p.LastUsedAt.IsZero(), g.Group{g.Text(", last used "), moment(p.LastUsedAt)})),
			g.If(!p.SuspectedAt.IsZero(), h.P(h.Class("mistake"), g.Text("On "), moment(p.SuspectedAt), g.Text(" it was used as a copy is used. Remove it, unless you know why."))),
		),
		s.button(v, route.AccountPasskeys+"/"+p.ID.String()+route.End, "Remove", " "+p.Name))
}
