package page

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/personal"
)

// Personal makes, lists and ends personal access tokens; personal.Service implements it.
type Personal interface {
	Create(ctx context.Context, c personal.Creation) (personal.Made, error)
	List(ctx context.Context, account uuid.UUID) ([]personal.Token, error)
	End(ctx context.Context, account, id uuid.UUID) error
	Longest() time.Duration
}

// lifetimes are what a person can choose from, in days, as far as the setting allows.
func lifetimes() []int { return []int{30, 7, 90, 365} }

const day = 24 * time.Hour

// showTokens asks what a new token is for.
func (s *Service) showTokens(c *fiber.Ctx) error {
	return s.asRecent(c, func(v visit) error { return s.renderTokens(c, v, fiber.StatusOK, wantedToken{}, nil) })
}

// wantedToken is what was typed.
type wantedToken struct {
	name   string
	scopes []string
	days   int
}

// makeToken makes a token and shows it. The answer is no redirect, since the token is stored
// nowhere and can be shown only now: a form that is sent twice makes two, and both are listed.
func (s *Service) makeToken(c *fiber.Ctx) error {
	f, err := s.formOf(c)
	if err != nil {
		return s.fail(c, err)
	}
	return s.asRecent(c, func(v visit) error { return s.makeTokenOf(c, v, f) })
}

func (s *Service) makeTokenOf(c *fiber.Ctx, v visit, f form) error {
	wanted := wantedToken{name: f.Get("name"), scopes: f.Values["scope"]}
	wanted.days, _ = strconv.Atoi(f.Get("expires_in"))
	if !s.fits(f, v.browser, v.person.Session) {
		return s.renderTokens(c, v, fiber.StatusUnprocessableEntity, wanted, tooOld())
	}
	// Bounded, so that no number of days overflows.
	lifetime := time.Duration(max(0, min(wanted.days, 1+int(s.Personal.Longest()/day)))) * day
	made, err := s.Personal.Create(v.as(c.UserContext()), personal.Creation{Account: v.person.Account, Name: wanted.name, Scopes: wanted.scopes, Lifetime: lifetime})
	if fault.CodeOf(err) == fault.InvalidScope {
		err = fault.Invalid("scope", "invalid", "You do not have this any more. Choose again.")
	}
	if err != nil {
		w, _ := s.Words.Words(c.UserContext(), v.scopes) // Without words, the names of scopes stand there.
		return s.refuse(c, err, func(found []mistake) view { return s.newTokenPage(v, w, wanted, found) })
	}
	return s.render(c, fiber.StatusOK, s.tokenPage(made))
}

func (s *Service) endToken(c *fiber.Ctx) error {
	return s.act(c, ended, func(v visit) error {
		id, err := uuid.Parse(c.Params("id"))
		if err != nil {
			return fault.New(fault.SessionNotFound, "There is no such token.")
		}
		return s.Personal.End(v.as(c.UserContext()), v.person.Account, id)
	})
}

func (s *Service) renderTokens(c *fiber.Ctx, v visit, status int, wanted wantedToken, found []mistake) error {
	w, err := s.Words.Words(c.UserContext(), v.scopes)
	if err != nil {
		return s.fail(c, err)
	}
	return s.render(c, status, s.newTokenPage(v, w, wanted, found))
}

func (s *Service) newTokenPage(v visit, w words, wanted wantedToken, found []mistake) view {
	const title = "New personal token"
	mine := slices.DeleteFunc(slices.Clone(v.scopes), func(scope string) bool { return scope == authorization.ScopeAccount })
	if len(mine) == 0 {
		return view{title: title, body: g.Group{
			h.H1(g.Text(title)),
			h.P(g.Text("A personal token can do what you can do at an API, and you have no role at any. Ask whoever runs " + s.Name + " for one.")),
			back(),
		}}
	}
	return view{title: title, wrong: len(found) > 0, body: g.Group{
		summary(found),
		h.H1(g.Text(title)),
		h.P(g.Text("A script that has it can do what you choose here, as you, until you end it. It can do nothing with your account.")),
		h.Form(h.Method("post"), h.Action(route.AccountTokens), g.Attr("novalidate"),
			s.hidden(v, v.person.Session, ""),
			field{id: "name", label: "What is it for?", kind: "text", value: wanted.name, autocomplete: "off", focus: true}.node(found),
			h.FieldSet(h.ID("scope"), h.Class("field"),
				h.Legend(g.Text("It may")),
				mistaken(found, "scope"),
				g.Map(mine, func(scope string) g.Node {
					id := "scope-" + scope
					return h.Div(h.Class("choice"),
						h.Input(h.Type("checkbox"), h.ID(id), h.Name("scope"), h.Value(scope), h.AutoComplete("off"), g.If(slices.Contains(wanted.scopes, scope), h.Checked())),
						h.Label(h.For(id), w.of(scope)))
				})),
			h.Div(h.Class("field"),
				h.Label(h.For("expires_in"), g.Text("It ends after")),
				mistaken(found, "expires_in"),
				h.Select(h.ID("expires_in"), h.Name("expires_in"), g.Map(lifetimes(), func(days int) g.Node {
					return g.If(time.Duration(days)*day <= s.Personal.Longest(),
						h.Option(h.Value(strconv.Itoa(days)), g.If(days == wanted.days, h.Selected()), g.Text(count(days, "day"))))
				}))),
			h.P(h.Button(h.Type("submit"), g.Text("Make the token"))),
		),
		back(),
	}}
}

// mistaken says what is wrong with a group of inputs.
func mistaken(found []mistake, id string) g.Node {
	return g.Map(found, func(m mistake) g.Node {
		return g.If(m.field == id, h.P(h.Class("mistake"), h.Span(h.Class("hidden"), g.Text("Error: ")), g.Text(m.words)))
	})
}

func (s *Service) tokenPage(made personal.Made) view {
	const title = "Your new token"
	return view{title: title, body: g.Group{
		h.H1(g.Text(title)),
		h.P(h.Role("status"), h.Strong(g.Text("Copy it now: it is not shown again.")), g.Text(" Whoever has it can use it.")),
		h.Div(h.Class("field"),
			h.Label(h.For("token"), g.Text(made.Name)),
			h.Input(h.ID("token"), h.Type("text"), h.ReadOnly(), h.Value(made.Secret.Reveal()), h.AutoComplete("off"), g.Attr("spellcheck", "false"))),
		h.P(g.Text("It ends on "), moment(made.ExpiresAt), g.Text(", or when you end it.")),
		h.P(h.A(h.Href(route.Account), g.Text("Back to your account"))),
	}}
}

func (s *Service) tokenRow(v visit, t personal.Token, w words) g.Node {
	return h.Li(h.Class("row"),
		h.Div(
			h.Strong(g.Text(t.Name)),
			h.P(h.Class("quiet"), g.Text("Made "), moment(t.CreatedAt), lastUse(t.CreatedAt, t.UsedAt), g.Text(", ends "), moment(t.ExpiresAt)),
			g.If(len(t.Scopes) > 0, h.Ul(h.Class("scopes"), g.Map(t.Scopes, func(scope string) g.Node { return h.Li(w.of(scope)) }))),
		),
		s.button(v, route.AccountTokens+"/"+t.ID.String()+route.End, "End", " the token "+t.Name))
}
