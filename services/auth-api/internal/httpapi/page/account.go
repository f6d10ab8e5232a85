package page

import (
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/oauth"
	"auth.books.test/services/auth-api/internal/personal"
	"auth.books.test/services/auth-api/internal/session"
)

// recentSignIn is the greatest age of a sign-in that may end others, as in package rest.
const recentSignIn = 15 * time.Minute

// account lists what the person has let in, and where they are signed in.
func (s *Service) account(c *fiber.Ctx) error {
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	if !v.signedIn() {
		return seeOther(c, route.SignIn)
	}
	ctx := v.as(c.UserContext())
	apps, err := s.Apps.Allowed(ctx, v.person.Account)
	if err != nil {
		return s.fail(c, err)
	}
	sessions, err := s.Sessions.List(ctx, v.person.Account)
	if err != nil {
		return s.fail(c, err)
	}
	tokens, err := s.Personal.List(ctx, v.person.Account)
	if err != nil {
		return s.fail(c, err)
	}
	has, err := s.Factors.Of(ctx, v.person.Account)
	if err != nil {
		return s.fail(c, err)
	}
	var scopes []string
	for _, a := range apps {
		scopes = append(scopes, a.Scopes...)
	}
	for _, t := range tokens {
		scopes = append(scopes, t.Scopes...)
	}
	w, err := s.Words.Words(ctx, scopes)
	if err != nil {
		return s.fail(c, err)
	}
	return s.render(c, fiber.StatusOK, s.accountPage(c, v, has, apps, w, sessions, tokens, noticeOf(c)))
}

// act does something for the person whose form it is, and shows the account again.
func (s *Service) act(c *fiber.Ctx, done notice, do func(v visit) error) error {
	f, err := s.formOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	return s.asPerson(c, func(v visit) error {
		if !s.fits(f, v.browser, v.person.Session) {
			return seeOther(c, stale.on(route.Account))
		}
		// What has ended already is what was asked for: the form was sent twice.
		if err := do(v); err != nil && fault.CodeOf(err) != fault.SessionNotFound {
			return s.fail(c, err)
		}
		return seeOther(c, done.on(route.Account))
	})
}

// recently is act for what only somebody may do who has signed in a short while ago (OWASP
// ASVS 5.0, 7.5.2): whoever finds an unlocked device must not sign its owner out elsewhere.
func (s *Service) recently(c *fiber.Ctx, done notice, do func(v visit) error) error {
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	if v.signedIn() && s.isOld(v) {
		return seeOther(c, again.on(route.SignIn))
	}
	return s.act(c, done, do)
}

// isOld says whether the person has to sign in again for what outlives the session.
func (s *Service) isOld(v visit) bool { return s.Now().Sub(v.person.AuthenticatedAt) > recentSignIn }

// asRecent calls a handler with somebody who has signed in a short while ago, for what
// outlives the session. Others are led to sign in.
func (s *Service) asRecent(c *fiber.Ctx, handle func(v visit) error) error {
	return s.asPerson(c, func(v visit) error {
		if s.isOld(v) {
			return seeOther(c, again.on(route.SignIn))
		}
		return handle(v)
	})
}

// asPerson calls a handler with whoever is signed in. Others are led to sign in.
func (s *Service) asPerson(c *fiber.Ctx, handle func(v visit) error) error {
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	if !v.signedIn() {
		return seeOther(c, route.SignIn)
	}
	return handle(v)
}

func (s *Service) endSession(c *fiber.Ctx) error {
	return s.recently(c, ended, func(v visit) error {
		id, err := uuid.Parse(c.Params("id"))
		if err != nil {
			return fault.New(fault.SessionNotFound, "There is no such sign-in.")
		}
		return s.Sessions.End(v.as(c.UserContext()), v.person.Account, id, authorization.EndedByOwner)
	})
}

func (s *Service) endOthers(c *fiber.Ctx) error {
	return s.recently(c, othersEnded, func(v visit) error {
		return s.Sessions.EndAll(v.as(c.UserContext()), v.person.Account, v.person.Session)
	})
}

func (s *Service) endApp(c *fiber.Ctx) error {
	return s.act(c, ended, func(v visit) error {
		id, err := uuid.Parse(c.Params("id"))
		if err != nil {
			return fault.New(fault.SessionNotFound, "There is no such app.")
		}
		return s.Apps.EndApp(v.as(c.UserContext()), v.person.Account, id)
	})
}

func (s *Service) accountPage(c *fiber.Ctx, v visit, has factor.Factors, apps []oauth.Allowed, w words, sessions []session.Session, tokens []personal.Token, said notice) view {
	who := v.person.Email
	if v.name != "" {
		who = v.name + " (" + who + ")"
	}
	silent := s.silentPasskey(c, v, has)
	return view{title: "Your account", wide: true, script: silent != nil, body: g.Group{
		said.node(), silent,
		h.H1(g.Text("Your account")),
		h.Div(h.Class("row"),
			h.P(g.Text("You are signed in as "), h.Strong(g.Text(who)), g.Text(".")),
			s.button(v, route.SignOut, "Sign out", "")),
		s.profile(v, has),
		h.H2(g.Text("Apps that you let in")),
		g.If(len(apps) == 0, h.P(h.Class("quiet"), g.Text("None."))),
		g.If(len(apps) > 0, h.Ul(h.Class("list"), g.Map(apps, func(a oauth.Allowed) g.Node { return s.appRow(v, a, w) }))),
		h.H2(g.Text("Where you are signed in")),
		h.Ul(h.Class("list"), g.Map(sessions, func(one session.Session) g.Node { return s.sessionRow(v, one) })),
		g.If(len(sessions) > 1, s.button(v, route.OtherSessions, "End all others", "")),
		h.H2(g.Text("Personal tokens")),
		g.If(len(tokens) == 0, h.P(h.Class("quiet"), g.Text("None. A token lets a script of yours do at an API what you can do."))),
		g.If(len(tokens) > 0, h.Ul(h.Class("list"), g.Map(tokens, func(t personal.Token) g.Node { return s.tokenRow(v, t, w) }))),
		h.P(h.A(h.Href(route.AccountTokens), g.Text("Make a token"))),
	}}
}

func (s *Service) appRow(v visit, a oauth.Allowed, w words) g.Node {
	name := a.Name
	if name == "" {
		name = "An app without a name"
	}
	return h.Li(h.Class("row"),
		h.Div(
			h.Strong(g.Text(name)),
			h.P(h.Class("quiet"), g.Text("Let in "), moment(a.Since), lastUse(a.Since, a.UsedAt)),
			g.If(len(a.Scopes) > 0, h.Ul(h.Class("scopes"), g.Map(a.Scopes, func(scope string) g.Node { return h.Li(w.of(scope)) }))),
		),
		s.button(v, route.AccountApps+"/"+a.Client.String()+route.End, "End", " "+name))
}

func (s *Service) sessionRow(v visit, one session.Session) g.Node {
	device, from := deviceOf(one.Device), ""
	if one.IP.IsValid() {
		from = "From " + one.IP.String() + ", "
	}
	current := one.ID == v.person.Session
	return h.Li(h.Class("row"),
		h.Div(
			h.Strong(g.Text(device)), g.If(current, g.Text(" – this browser")),
			h.P(h.Class("quiet"), g.Text(from+"signed in "), moment(one.AuthenticatedAt), lastUse(one.AuthenticatedAt, one.UsedAt)),
		),
		g.If(!current, s.button(v, route.AccountSessions+"/"+one.ID.String()+route.End, "End", " the sign-in on "+device)))
}

// button is a form with one button. What is hidden is for those who hear the page.
func (s *Service) button(v visit, action, text, hidden string) g.Node {
	return h.Form(h.Method("post"), h.Action(action),
		s.hidden(v, v.person.Session, ""),
		h.Button(h.Type("submit"), h.Class("second"), g.Text(text), g.If(hidden != "", h.Span(h.Class("hidden"), g.Text(hidden)))))
}

// moment is a point in time, in the one zone that a page without JavaScript knows.
func moment(at time.Time) g.Node {
	at = at.UTC()
	return h.Time(h.DateTime(at.Format(time.RFC3339)), g.Text(at.Format("2 Jan 2006, 15:04 UTC")))
}

// lastUse is left out where it would repeat when it began.
func lastUse(began, at time.Time) g.Node {
	if at.Sub(began) < time.Minute {
		return nil
	}
	return g.Group{g.Text(", last used "), moment(at)}
}
