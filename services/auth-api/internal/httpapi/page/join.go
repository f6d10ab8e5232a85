package page

import (
	"github.com/google/uuid"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// joining is one of the two pages on which a mailed code makes an account.
type joining struct {
	// path is followed by the id of the request for the code.
	path, explains string
	// more leads on if there is no mail.
	more func(a asked) g.Node
}

// ofRegistration is where the form of an address leads, and the link in the mail. It says the
// same whether the address has an account or not.
func ofRegistration() joining {
	return joining{
		path: route.Register, explains: "A mail is on its way. If the address is new here, it has a code: type it, and choose a password. Give the code to nobody.",
		more: func(a asked) g.Node {
			return g.Group{g.Text("No mail? "), h.A(h.Href(withRequest(route.Register, a.sealed)), g.Text("Ask for another one"))}
		},
	}
}

// ofInvitation is where the link in the mail of an invitation leads.
func (s *Service) ofInvitation() joining {
	return joining{
		path: route.Invitation, explains: "You are invited to " + s.Name + ". The mail with the invitation has a code.",
		more: func(a asked) g.Node {
			return g.Group{g.Text("You have an account? "), h.A(h.Href(withRequest(route.SignIn, a.sealed)), g.Text("Sign in"))}
		},
	}
}

func (s *Service) joinPage(j joining) func(v visit, a asked, request uuid.UUID, code string, found []mistake) view {
	const title = "Make your account"
	return func(v visit, a asked, request uuid.UUID, code string, found []mistake) view {
		return view{title: title, wrong: len(found) > 0, body: g.Group{
			summary(found),
			h.H1(g.Text(title)),
			h.P(g.Text(j.explains)),
			h.Form(h.Method("post"), h.Action(j.path+"/"+request.String()), g.Attr("novalidate"),
				s.hidden(v, uuid.Nil, a.sealed),
				codeAndPassword(found, code, "password", "Password"),
				h.P(h.Button(h.Type("submit"), g.Text("Make the account"))),
			),
			h.P(h.Class("quiet"), j.more(a)),
		}}
	}
}
