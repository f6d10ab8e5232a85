package page

import (
	"context"
	"net/url"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// Events lists what was recorded; audit.Store implements it.
type Events interface {
	Events(ctx context.Context, q audit.Query) (found []audit.Recorded, next audit.Cursor, err error)
}

const (
	afterField = "after"
	// eventsOnPage is few enough for a page under 12 kB.
	eventsOnPage = 25
)

// showEvents shows what was done with the account, the newest first.
func (s *Service) showEvents(c *fiber.Ctx) error {
	v, err := s.visit(c)
	if err != nil {
		return s.fail(c, err)
	}
	if !v.signedIn() {
		return seeOther(c, route.SignIn)
	}
	after, err := audit.ParseCursor(c.Query(afterField))
	if err != nil {
		return s.fail(c, fault.New(fault.RouteNotFound, "There is no page at this address."))
	}
	found, next, err := s.Events.Events(v.as(c.UserContext()), audit.Query{Subject: v.person.Account, After: after, Limit: eventsOnPage})
	if err != nil {
		return s.fail(c, err)
	}
	var apps []uuid.UUID
	for _, e := range found {
		if id := appOf(e); id != uuid.Nil {
			apps = append(apps, id)
		}
	}
	names, err := s.Clients.Names(c.UserContext(), apps)
	if err != nil {
		return s.fail(c, err)
	}
	return s.render(c, fiber.StatusOK, eventsPage(found, names, after, next))
}

func eventsPage(found []audit.Recorded, names map[uuid.UUID]string, after, next audit.Cursor) view {
	const title = "What was done with your account"
	return view{title: title, wide: true, body: g.Group{
		h.H1(g.Text(title)),
		h.P(g.Text("Is there something that was not you? "), h.A(h.Href(route.AccountPassword), g.Text("Change your password")), g.Text(". That signs you out everywhere else.")),
		g.If(len(found) == 0, h.P(h.Class("quiet"), g.Text("There is nothing more."))),
		g.If(len(found) > 0, h.Ul(h.Class("list"), g.Map(found, func(e audit.Recorded) g.Node { return eventRow(e, names[appOf(e)]) }))),
		g.If(next != audit.Cursor{}, h.P(h.A(h.Href(route.AccountEvents+"?"+afterField+"="+url.QueryEscape(next.String())), g.Text("Older")))),
		g.If(after != audit.Cursor{}, h.P(h.A(h.Href(route.AccountEvents), g.Text("Newest")))),
		back(),
	}}
}

func eventRow(e audit.Recorded, app string) g.Node {
	from := ""
	if e.Device != "" {
		from += ", " + deviceOf(e.Device)
	}
	if e.Address != "" {
		from += ", from " + e.Address
	}
	return h.Li(
		h.Strong(g.Text(eventWords(e, app))),
		h.P(h.Class("quiet"), moment(e.At),
			g.If(e.Count > 1, g.Group{g.Text(", " + count(int(e.Count), "time") + " until "), moment(e.Until)}),
			g.Text(from+byWords(e, app))),
	)
}
