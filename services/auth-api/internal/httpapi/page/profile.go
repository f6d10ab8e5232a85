package page

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/export"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// Names renames people; account.Service implements it.
type Names interface {
	Rename(ctx context.Context, id uuid.UUID, name string) (string, error)
}

// Exports gathers what is stored about a person; export.Service implements it.
type Exports interface {
	Export(ctx context.Context, account uuid.UUID) (export.Document, error)
}

// currentField is the name of the field for the current password.
const currentField = "current_password"

// ask shows a form to whoever is signed in.
func (s *Service) ask(c *fiber.Ctx, form func(v visit, found []mistake) view) error {
	return s.asPerson(c, func(v visit) error { return s.render(c, fiber.StatusOK, form(v, nil)) })
}

// take does what a form asks for, and leads on; if that is refused, it shows the form again.
func (s *Service) take(c *fiber.Ctx, form func(v visit, f form, found []mistake) view, done string, do func(v visit, f form) error) error {
	return s.takeTo(c, form, func() string { return done }, do)
}

// takeTo is take if it is known only afterwards where it leads.
func (s *Service) takeTo(c *fiber.Ctx, form func(v visit, f form, found []mistake) view, done func() string, do func(v visit, f form) error) error {
	f, err := s.formOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	return s.asPerson(c, func(v visit) error { return s.takeFrom(c, v, f, form, done, do) })
}

// takeFrom is takeTo for a visitor and a form that were read before.
func (s *Service) takeFrom(c *fiber.Ctx, v visit, f form, form func(v visit, f form, found []mistake) view, done func() string, do func(v visit, f form) error) error {
	if !s.fits(f, v.browser, v.person.Session) {
		return s.render(c, fiber.StatusUnprocessableEntity, form(v, f, tooOld()))
	}
	if err := do(v, f); err != nil {
		return s.refuse(c, err, func(found []mistake) view { return form(v, f, found) })
	}
	return seeOther(c, done())
}

func (s *Service) showName(c *fiber.Ctx) error {
	return s.ask(c, func(v visit, found []mistake) view { return s.namePage(v, v.name, found) })
}

func (s *Service) rename(c *fiber.Ctx) error {
	return s.take(c, func(v visit, f form, found []mistake) view { return s.namePage(v, f.Get("name"), found) }, renamed.on(route.Account), func(v visit, f form) error {
		_, err := s.Names.Rename(v.as(c.UserContext()), v.person.Account, f.Get("name"))
		return err
	})
}

// askForPassword shows a form that asks for the current password.
func (s *Service) askForPassword(c *fiber.Ctx, page func(v visit, found []mistake) view) error {
	return s.withBothFactors(c, func(v visit) error { return s.render(c, fiber.StatusOK, page(v, nil)) })
}

// takePassword is take for such a form.
func (s *Service) takePassword(c *fiber.Ctx, page func(v visit, found []mistake) view, done string, do func(v visit, f form) error) error {
	return s.withBothFactors(c, func(v visit) error {
		f, err := s.formOf(c)
		if err != nil {
			return s.fail(c, err)
		}
		form := func(v visit, _ form, found []mistake) view { return page(v, found) }
		return s.takeFrom(c, v, f, form, func() string { return done }, do)
	})
}

func (s *Service) showPassword(c *fiber.Ctx) error { return s.askForPassword(c, s.passwordPage) }

func (s *Service) changePassword(c *fiber.Ctx) error {
	return s.takePassword(c, s.passwordPage, changed.on(route.Account), func(v visit, f form) error {
		return s.Passwords.Change(v.as(c.UserContext()), v.person.Account, v.person.Session, f.Get(currentField), f.Get("new_password"))
	})
}

func (s *Service) showDelete(c *fiber.Ctx) error { return s.askForPassword(c, s.deletePage) }

func (s *Service) deleteAccount(c *fiber.Ctx) error {
	return s.takePassword(c, s.deletePage, deleted.on(route.SignIn), func(v visit, f form) error {
		if err := s.Passwords.Delete(v.as(c.UserContext()), v.person.Account, v.person.Session, f.Get(currentField)); err != nil {
			return err
		}
		s.Cookies.clear(c, sessionCookie)
		return nil
	})
}

// download answers with everything that is stored about the person.
func (s *Service) download(c *fiber.Ctx) error {
	f, err := s.formOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	return s.asRecent(c, func(v visit) error {
		if !s.fits(f, v.browser, v.person.Session) {
			return seeOther(c, stale.on(route.Account))
		}
		return s.sendExport(c, v)
	})
}

func (s *Service) sendExport(c *fiber.Ctx, v visit) error {
	d, err := s.Exports.Export(v.as(c.UserContext()), v.person.Account)
	if err != nil {
		return s.fail(c, err)
	}
	body, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return s.fail(c, fmt.Errorf("write an export: %w", err))
	}
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="account.json"`)
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(body)
}

// profile is the part of the account page about the person.
func (s *Service) profile(v visit, has factor.Factors) g.Node {
	name := v.name
	if name == "" {
		name = "No name"
	}
	step := "Off. After your password, signing in can ask for a code of an app."
	switch {
	case has.TOTP:
		step = "On. After your password, signing in asks for a code of your app."
	case has.Required:
		step = "On. After your password, signing in asks for a passkey."
	}
	keys := "A passkey signs you in without a password."
	if has.Passkeys > 0 {
		keys = "You have " + count(has.Passkeys, "passkey") + "."
	}
	row := func(title, words, href, link string) g.Node {
		return h.Li(h.Class("row"), h.Div(h.Strong(g.Text(title)), h.P(h.Class("quiet"), g.Text(words))), h.A(h.Href(href), g.Text(link)))
	}
	return g.Group{
		h.H2(g.Text("You")),
		h.Ul(h.Class("list"),
			row("Name", name, route.AccountName, "Change your name"),
			g.If(s.Resets.Available, row("Address", v.person.Email, route.AccountAddress, "Change your address")),
			row("Password", "Changing it signs you out everywhere else.", route.AccountPassword, "Change your password"),
			row("Second step", step, route.AccountFactor, "Change your second step"),
			g.If(s.Passkeys.Enabled() || has.Passkeys > 0, row("Passkeys", keys, route.AccountPasskeys, "Change your passkeys")),
			row("What was done", "Sign-ins, changes, and what was refused.", route.AccountEvents, "See what was done"),
			h.Li(h.Class("row"),
				h.Div(h.Strong(g.Text("Your data")), h.P(h.Class("quiet"), g.Text("Everything that "+s.Name+" stores about you, as a JSON file."))),
				s.button(v, route.AccountExport, "Download", " your data")),
			row("Account", "You can delete it, for good.", route.AccountDelete, "Delete your account"),
		),
	}
}

func back() g.Node {
	return h.P(h.Class("quiet"), h.A(h.Href(route.Account), g.Text("Back to your account")))
}

// whose is the account of a form with a password: programs that fill in passwords look for it.
func whose(v visit, found []mistake) g.Node {
	return field{id: "email", label: "Account", kind: "email", value: v.person.Email, autocomplete: "username", fixed: true}.node(found)
}

func (s *Service) namePage(v visit, name string, found []mistake) view {
	const title = "Change your name"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text("Apps that you let see your profile see it, too.")),
		h.Form(h.Method("post"), h.Action(route.AccountName), g.Attr("novalidate"),
			s.hidden(v, v.person.Session, ""),
			field{id: "name", label: "Your name", kind: "text", value: name, autocomplete: "name", focus: true, optional: true, hint: "You can leave it empty."}.node(found),
			h.P(h.Button(h.Type("submit"), g.Text("Save the name")))),
		back(),
	}}
}

func (s *Service) passwordPage(v visit, found []mistake) view {
	const title = "Change your password"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.Form(h.Method("post"), h.Action(route.AccountPassword), g.Attr("novalidate"),
			s.hidden(v, v.person.Session, ""),
			whose(v, found),
			field{id: currentField, label: "Current password", kind: "password", autocomplete: "current-password", focus: true}.node(found),
			newPassword("new_password", "New password", false).node(found),
			h.P(h.Class("quiet"), g.Text("This signs you out everywhere else. Your personal tokens stay.")),
			h.P(h.Button(h.Type("submit"), g.Text("Change the password")))),
		back(),
	}}
}

func (s *Service) deletePage(v visit, found []mistake) view {
	const title = "Delete your account"
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text("This deletes the account "), h.Strong(g.Text(v.person.Email)), g.Text(" at "+s.Name+". Nobody can undo it.")),
		h.Ul(
			h.Li(g.Text("You are signed out everywhere, and apps and personal tokens lose their access.")),
			h.Li(g.Text("Your name, your address, your roles and your devices are deleted.")),
			h.Li(g.Text("A record of what was done stays, without anything that says it was you.")),
			h.Li(g.Text("Apps keep what they store about you. Ask them to delete it.")),
		),
		h.Form(h.Method("post"), h.Action(route.AccountDelete), g.Attr("novalidate"),
			s.hidden(v, v.person.Session, ""),
			whose(v, found),
			field{id: currentField, label: "Current password", kind: "password", autocomplete: "current-password", focus: true}.node(found),
			h.P(h.Button(h.Type("submit"), g.Text("Delete the account")))),
		back(),
	}}
}
