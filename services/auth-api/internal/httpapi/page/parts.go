package page

import (
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/password"
)

// mistake is what is wrong with a form.
type mistake struct {
	// field is the id of the field; "" if the mistake is about none.
	field string
	words string
}

// tooOld is the mistake of a form whose token does not fit any more.
func tooOld() []mistake { return []mistake{{words: "This page was too old. Fill it in once more."}} }

// summary tells all mistakes at the top, and has the focus, so that whoever hears the page
// hears them first.
func summary(found []mistake) g.Node {
	if len(found) == 0 {
		return nil
	}
	return h.Div(h.Class("summary"), h.Role("alert"), h.TabIndex("-1"), h.AutoFocus(),
		h.P(h.Strong(g.Text("That did not work"))),
		h.Ul(g.Map(found, func(m mistake) g.Node {
			if m.field == "" {
				return h.Li(g.Text(m.words))
			}
			return h.Li(h.A(h.Href("#"+m.field), g.Text(m.words)))
		})),
	)
}

// field is an input with its label.
type field struct {
	id, label, kind, value, autocomplete, hint string
	// focus asks for the focus, unless there are mistakes: then the summary has it.
	focus bool
	// optional says that it may stay empty.
	optional bool
	// numeric asks for a keyboard with digits.
	numeric bool
	// fixed says that it cannot be changed.
	fixed bool
}

func (f field) node(found []mistake) g.Node {
	hint, wrong := f.id+"-hint", f.id+"-error"
	described, words := "", ""
	if f.hint != "" {
		described = hint
	}
	for _, m := range found {
		if m.field == f.id {
			described, words = join(described, wrong), m.words
		}
	}
	return h.Div(h.Class("field"),
		h.Label(h.For(f.id), g.Text(f.label)),
		g.If(f.hint != "", h.P(h.ID(hint), h.Class("quiet"), g.Text(f.hint))),
		g.If(words != "", h.P(h.ID(wrong), h.Class("mistake"), h.Span(h.Class("hidden"), g.Text("Error: ")), g.Text(words))),
		h.Input(h.ID(f.id), h.Name(f.id), h.Type(f.kind), g.If(!f.optional, h.Required()), g.If(f.fixed, h.ReadOnly()), h.AutoComplete(f.autocomplete),
			g.If(f.kind != "password", h.Value(f.value)),
			g.If(f.kind == "email", g.Group{g.Attr("inputmode", "email"), g.Attr("autocapitalize", "none"), g.Attr("spellcheck", "false")}),
			g.If(f.numeric, g.Attr("inputmode", "numeric")),
			g.If(described != "", h.Aria("describedby", described)),
			g.If(words != "", h.Aria("invalid", "true")),
			g.If(f.focus && len(found) == 0, h.AutoFocus())),
	)
}

// newPassword is the field for a password that is chosen here.
func newPassword(id, label string, focus bool) field {
	return field{id: id, label: label, kind: "password", autocomplete: "new-password", focus: focus,
		hint: "At least " + count(password.MinLength, "character") + ". A few words that only you would put together are good."}
}

func join(one, other string) string {
	if one == "" {
		return other
	}
	return one + " " + other
}

// hidden are the fields that each form has: what makes it ours, and the app's request if
// there is one.
func (s *Service) hidden(v visit, session uuid.UUID, sealed string) g.Node {
	return g.Group{
		h.Input(h.Type("hidden"), h.Name(tokenField), h.Value(s.formToken(v.browser, session))),
		g.If(sealed != "", h.Input(h.Type("hidden"), h.Name(requestField), h.Value(sealed))),
	}
}
