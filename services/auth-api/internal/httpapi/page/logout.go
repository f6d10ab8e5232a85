package page

import (
	"context"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/idtoken"
	"auth.books.test/services/auth-api/internal/oauth"
)

// Clients reads the apps that may send people here to sign out, and the names of those in events;
// client.Store implements it.
type Clients interface {
	App(ctx context.Context, id uuid.UUID) (client.App, error)
	// Names returns the names of clients that are not disabled.
	Names(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error)
}

// Hints reads ID tokens that apps send back; idtoken.Keys implements it.
type Hints interface {
	ReadHint(text, issuer string) (idtoken.Claims, error)
}

// The parameters of RP-Initiated Logout 1.0, section 2.
const (
	hintField     = "id_token_hint"
	clientField   = "client_id"
	farewellField = "post_logout_redirect_uri"
	stateField    = "state"
)

// farewell is where a person goes who signs out because an app asked for it.
type farewell struct {
	app client.App // the zero App if no app is named
	// uri is "" if the person stays here. It is registered for the app.
	uri, state string
	// hint is the zero Claims if the app did not say whom it means.
	hint idtoken.Claims
}

// logout signs a person out for an app (RP-Initiated Logout 1.0). If the app proves that it
// means this sign-in, it ends at once; otherwise the person is asked, since any page could
// send the browser here.
func (s *Service) logout(c *fiber.Ctx) error {
	query, err := parse(string(c.Request().URI().QueryString()))
	if err != nil {
		return s.fail(c, err)
	}
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	f, err := s.farewell(c.UserContext(), query)
	if err != nil {
		return s.fail(c, err)
	}
	if v.signedIn() && !f.means(v) {
		return s.render(c, fiber.StatusOK, s.logoutPage(v, f))
	}
	if err := s.endBrowser(c, v); err != nil {
		return s.fail(c, err)
	}
	return seeOther(c, f.location())
}

// postLogout answers an app that posts. A form from another site brings no cookie, so the
// browser comes back with a GET.
func (s *Service) postLogout(c *fiber.Ctx) error {
	values, err := valuesOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	kept := url.Values{}
	for _, name := range []string{hintField, clientField, farewellField, stateField} {
		if values.Has(name) {
			kept.Set(name, values.Get(name))
		}
	}
	return seeOther(c, route.Logout+"?"+kept.Encode())
}

// farewell checks the parameters. Faults: malformed_request, store_unavailable.
func (s *Service) farewell(ctx context.Context, values url.Values) (f farewell, err error) {
	if hint := values.Get(hintField); hint != "" && s.Hints != nil {
		// A hint that is not ours says nothing: the person is asked.
		f.hint, _ = s.Hints.ReadHint(hint, s.Issuer)
	}
	id := values.Get(clientField)
	if f.hint.Audience != "" {
		if id != "" && id != f.hint.Audience {
			return farewell{}, fault.New(fault.MalformedRequest, "The app's link names two apps.")
		}
		id = f.hint.Audience
	}
	if parsed, err := uuid.Parse(id); err == nil {
		f.app, err = s.Clients.App(ctx, parsed)
		if err != nil && fault.CodeOf(err) != fault.ClientNotFound {
			return farewell{}, err
		}
	}
	if f.uri = values.Get(farewellField); f.uri != "" && !slices.Contains(f.app.LogoutURIs, f.uri) {
		return farewell{}, fault.New(fault.MalformedRequest, "The app's link leads to an address that is not registered for the app.")
	}
	f.state = values.Get(stateField)
	return f, nil
}

// means says whether the app has proved that it means this sign-in.
func (f farewell) means(v visit) bool {
	return f.hint.Subject == v.person.Account.String() && (f.hint.Session == "" || f.hint.Session == v.person.Session.String())
}

// location is where the browser goes afterwards.
func (f farewell) location() string {
	if f.uri == "" {
		return route.SignedOut
	}
	if f.state == "" {
		return f.uri
	}
	return oauth.Append(f.uri, stateField+"="+url.QueryEscape(f.state))
}

// endBrowser ends the browser's session, if it has one.
func (s *Service) endBrowser(c *fiber.Ctx, v visit) error {
	if v.signedIn() {
		err := s.Sessions.End(v.as(c.UserContext()), v.person.Account, v.person.Session, authorization.SignedOut)
		if err != nil && fault.CodeOf(err) != fault.SessionNotFound {
			return err
		}
	}
	s.Cookies.clear(c, sessionCookie)
	s.Cookies.clear(c, browserCookie)
	return nil
}

func (s *Service) logoutPage(v visit, f farewell) view {
	hidden := func(name, value string) g.Node {
		return g.If(value != "", h.Input(h.Type("hidden"), h.Name(name), h.Value(value)))
	}
	id := ""
	if f.app.ID != uuid.Nil {
		id = f.app.ID.String()
	}
	return view{title: "Sign out?", body: g.Group{
		h.H1(g.Text("Sign out of " + s.Name + "?")),
		h.P(g.Text("You are signed in as "), h.Strong(g.Text(v.person.Email)), g.Text(". Apps that you signed in to with this browser lose their access, unless you let them stay connected.")),
		h.Form(h.Method("post"), h.Action(route.SignOut), h.Class("answers"),
			s.hidden(v, v.person.Session, ""), hidden(clientField, id), hidden(farewellField, f.uri), hidden(stateField, f.state),
			h.Button(h.Type("submit"), g.Text("Sign out")),
		),
		h.P(h.A(h.Href(route.Account), g.Text("Stay signed in"))),
	}}
}
